"""The figures of the report: functions from results to Plotly figures."""
