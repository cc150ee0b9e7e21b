module example.com/hone/signals

go 1.20
