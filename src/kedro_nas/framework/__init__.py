"""What Kedro loads of us: hooks, commands, the template and the starter."""
