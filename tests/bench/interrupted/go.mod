module example.com/hone/interrupted

go 1.21
