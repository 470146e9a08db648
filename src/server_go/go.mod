module long-lived/server

go 1.22
