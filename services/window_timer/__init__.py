"""window_timer: publishes again what time alone has changed (a window closed, a grade became final)."""
