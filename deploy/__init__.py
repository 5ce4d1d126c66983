"""What it takes to run CryoWatch: on this machine, in containers, with its dashboards."""
