"""The whole pipeline under load while its parts are killed, frozen, starved and cut off, compared with the oracle."""
