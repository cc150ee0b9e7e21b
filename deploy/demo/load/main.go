// SPDX-License-Identifier: Apache-2.0

// Load drives the demo's shop. `load ADDRESS` sends requests until it is ended; `load -rounds N
// -requests M BEFORE AFTER` measures the CPU time per request of two shops and compares them.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

var queries = []string{
	"/search?q=kettle&like=7&like=12", "/search?q=fast+phone&max=20000&like=3", "/search?q=lamp&like=42&like=5",
	"/search?q=quiet&min=500&n=20&like=99", "/search?q=jac&like=1&like=2&like=3", "/search?q=modern+des",
}

var carts = []string{
	`[{"id":1,"quantity":2},{"id":17,"quantity":12},{"id":300,"quantity":1}]`,
	`[{"id":5,"quantity":1},{"id":6,"quantity":1},{"id":7,"quantity":1},{"id":8,"quantity":30}]`,
}

var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}

func fetch(response *http.Response, err error) string {
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		log.Fatal(response.Status, err)
	}
	return string(body)
}

// request sends the n-th request: three searches to one cart.
func request(address string, n int) {
	if n%4 == 3 {
		cart := carts[n/4%len(carts)]
		fetch(client.Post("http://"+address+"/quote", "application/json", bytes.NewReader([]byte(cart))))
		return
	}
	fetch(client.Get("http://" + address + queries[n%len(queries)]))
}

// send sends requests first to last-1 over a few connections.
func send(address string, first, last int) {
	const connections = 4
	var wait sync.WaitGroup
	for c := 0; c < connections; c++ {
		wait.Add(1)
		go func(c int) {
			defer wait.Done()
			for n := first + c; n < last; n += connections {
				request(address, n)
			}
		}(c)
	}
	wait.Wait()
}

func cpu(address string) float64 {
	text := fetch(client.Get("http://" + address + "/cpu"))
	micros, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		log.Fatal(err)
	}
	return micros
}

// measure is the CPU time per request, in microseconds.
func measure(address string, requests int) float64 {
	before := cpu(address)
	send(address, 0, requests)
	return (cpu(address) - before) / float64(requests)
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

// change is by how many percent after is more than before, and the standard error of that: how much
// it moves when one round is left out (the jackknife).
func change(before, after []float64) (percent, standardError float64) {
	a, b, n := sum(before), sum(after), float64(len(before))
	percent = 100 * (b/a - 1)
	for i := range before {
		without := 100 * ((b-after[i])/(a-before[i]) - 1)
		standardError += (without - percent) * (without - percent)
	}
	return percent, math.Sqrt(standardError * (n - 1) / n)
}

func compare(before, after string, rounds, requests int) {
	var a, b []float64
	send(before, 0, requests/2)
	send(after, 0, requests/2)
	for round := 0; round < rounds; round++ {
		var x, y float64
		if round%2 == 0 {
			x = measure(before, requests)
			y = measure(after, requests)
		} else {
			y = measure(after, requests)
			x = measure(before, requests)
		}
		a, b = append(a, x), append(b, y)
		fmt.Printf("  round %2d   before %7.1f us   after %7.1f us   %+6.1f %%\n", round+1, x, y, 100*(y/x-1))
	}
	percent, noise := change(a, b)
	fmt.Printf("CPU per request: %.1f us before, %.1f us after: %+.1f %% (standard error %.1f, %d rounds)\n",
		sum(a)/float64(rounds), sum(b)/float64(rounds), percent, noise, rounds)
	if math.Abs(percent) < 2*noise {
		fmt.Println("The difference drowns in the noise of this machine: it is less than two standard errors.")
	}
}

func main() {
	rounds := flag.Int("rounds", 12, "rounds to measure")
	requests := flag.Int("requests", 2000, "requests per round and server")
	flag.Parse()
	if flag.NArg() == 2 {
		compare(flag.Arg(0), flag.Arg(1), *rounds, *requests)
		return
	}
	for n := 0; ; n += 1000 {
		send(flag.Arg(0), n, n+1000)
	}
}
