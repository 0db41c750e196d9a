"""The figures of the report, each a function from results to a Plotly figure."""
