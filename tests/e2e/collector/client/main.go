// SPDX-License-Identifier: Apache-2.0

// Spins for three seconds under pyroscope-go, and sends what it saw to the address given.
package main

import (
	"os"
	"time"

	"github.com/grafana/pyroscope-go"
)

var sink uint64

//go:noinline
func spin(until time.Time) {
	for time.Now().Before(until) {
		for i := uint64(0); i < 1000000; i++ {
			sink += i * i
		}
	}
}

func main() {
	profiler, err := pyroscope.Start(pyroscope.Config{
		ApplicationName: "shop.client",
		ServerAddress:   os.Args[1],
		Tags:            map[string]string{"zone": "a"},
		ProfileTypes:    []pyroscope.ProfileType{pyroscope.ProfileCPU},
		UploadRate:      time.Second,
	})
	if err != nil {
		panic(err)
	}
	spin(time.Now().Add(3 * time.Second))
	profiler.Flush(true)
	profiler.Stop()
}
