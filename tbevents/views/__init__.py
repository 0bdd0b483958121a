"""What shows series: charts, notebook tables, thinned curves, printable text. Knows arrays and Protocols."""
