// SPDX-License-Identifier: Apache-2.0

// Http is a server and its clients in one process, over the loopback interface.
package main

import (
	"bytes"
	"encoding/json"
	"html/template"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"example.com/hone/workloads/window"
)

type sum struct {
	Numbers []int `json:"numbers"`
	Total   int   `json:"total"`
}

func add(w http.ResponseWriter, r *http.Request) {
	var s sum
	if err := json.NewDecoder(r.Body).Decode(&s); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	for _, n := range s.Numbers {
		s.Total += n
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(&s)
}

var page = template.Must(template.New("page").Parse(
	`<h1>{{.Title}}</h1><ul>{{range .Lines}}<li>{{.}}</li>{{end}}</ul>`))

func show(w http.ResponseWriter, r *http.Request) {
	page.Execute(w, map[string]any{
		"Title": r.FormValue("title"),
		"Lines": strings.Split("one <two> three & four", " "),
	})
}

func file(w http.ResponseWriter, r *http.Request) {
	n, _ := strconv.Atoi(r.FormValue("size"))
	w.Write(bytes.Repeat([]byte("0123456789abcdef"), n/16))
}

// logged is what middleware looks like: a closure around a handler.
func logged(next http.Handler, lines chan<- string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		select {
		case lines <- r.Method + " " + r.URL.Path:
		default:
		}
	})
}

func serve() string {
	mux := http.NewServeMux()
	mux.HandleFunc("/add", add)
	mux.HandleFunc("/show", show)
	mux.HandleFunc("/file", file)

	lines := make(chan string, 64)
	go func() {
		for range lines {
		}
	}()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	window.Check(err)
	go http.Serve(l, logged(mux, lines))
	return "http://" + l.Addr().String()
}

func drain(r *http.Response, err error) {
	window.Check(err)
	_, err = io.Copy(io.Discard, r.Body)
	window.Check(err)
	r.Body.Close()
}

func main() {
	base := serve()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}
	window.Main(window.Workload{
		Workers: 16,
		Step: func(worker int) {
			body, err := json.Marshal(sum{Numbers: []int{worker, 1, 2, 3, 4, 5}})
			window.Check(err)
			drain(client.Post(base+"/add", "application/json", bytes.NewReader(body)))
			drain(client.Get(base + "/show?title=a+%3Ctitle%3E"))
			drain(client.Get(base + "/file?size=65536"))
		},
	})
}
