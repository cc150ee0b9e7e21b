// SPDX-License-Identifier: Apache-2.0

// Shop is the service of the demo: it searches a catalog and prices carts, over HTTP and JSON.
// What it is profiled for is what Go services are made of: interfaces, generics, closures, small
// calls, and the standard library's JSON and HTTP. It has no profiling endpoint.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math"
	"net"
	"net/http"
	"strconv"
	"syscall"
)

type shop struct {
	catalog *Catalog
	rules   []Rule
}

func (s *shop) search(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	var likes []int
	for _, id := range query["like"] {
		likes = append(likes, number(id, -1))
	}
	filters := []Filter{&inStock{1}, &priceRange{int64(number(query.Get("min"), 0)), int64(number(query.Get("max"), math.MaxInt))}}
	wish := mean(s.catalog.Features(likes), dimensions)
	reply(w, s.catalog.Search(tokenize(query.Get("q")), filters, wish, number(query.Get("n"), 10)))
}

func (s *shop) quote(w http.ResponseWriter, r *http.Request) {
	var lines []Line
	if err := json.NewDecoder(r.Body).Decode(&lines); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	quote, err := s.catalog.Price(lines, s.rules, 19)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return
	}
	reply(w, quote)
}

// cpu answers the CPU time that this process has used, in microseconds: what the demo measures.
func cpu(w http.ResponseWriter, r *http.Request) {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, (usage.Utime.Nano()+usage.Stime.Nano())/1000)
}

func reply(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(value)
}

func number(text string, otherwise int) int {
	if n, err := strconv.Atoi(text); err == nil {
		return n
	}
	return otherwise
}

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "address to listen on")
	flag.Parse()

	s := &shop{
		catalog: newCatalog(10000, 1),
		rules:   []Rule{bulk{10, 5}, tagged{"sale", 20}, tagged{"gift", 10}},
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/search", s.search)
	mux.HandleFunc("/quote", s.quote)
	mux.HandleFunc("/cpu", cpu)

	listener, err := net.Listen("tcp", *listen)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	log.Fatal(http.Serve(listener, mux))
}
