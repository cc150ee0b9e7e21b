module hone.example/demo

go 1.21
