// SPDX-License-Identifier: Apache-2.0

// Command standard serves pushes as Grafana Pyroscope's own API module and Connect's own library
// understand them, and tells on standard output what arrived, one JSON object a line. A series that is
// labelled answer=CODE is answered with that Connect error.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"

	"connectrpc.com/connect"
	pushv1 "github.com/grafana/pyroscope/api/gen/proto/go/push/v1"
	"github.com/grafana/pyroscope/api/gen/proto/go/push/v1/pushv1connect"
)

type sample struct {
	ID    string
	Pprof []byte
}

type series struct {
	Labels  [][2]string
	Samples []sample
}

type server struct {
	mutex sync.Mutex
}

func (s *server) Push(_ context.Context, r *connect.Request[pushv1.PushRequest]) (*connect.Response[pushv1.PushResponse], error) {
	var all []series
	var code connect.Code
	for _, given := range r.Msg.Series {
		var one series
		for _, label := range given.Labels {
			one.Labels = append(one.Labels, [2]string{label.Name, label.Value})
			if label.Name == "answer" {
				if err := code.UnmarshalText([]byte(label.Value)); err != nil {
					return nil, err
				}
			}
		}
		for _, raw := range given.Samples {
			one.Samples = append(one.Samples, sample{raw.ID, raw.RawProfile})
		}
		all = append(all, one)
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if err := json.NewEncoder(os.Stdout).Encode(all); err != nil {
		return nil, err
	}
	if code != 0 {
		return nil, connect.NewError(code, errors.New("as you wished"))
	}
	return connect.NewResponse(&pushv1.PushResponse{}), nil
}

func main() {
	mux := http.NewServeMux()
	mux.Handle(pushv1connect.NewPusherServiceHandler(&server{}))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s\n", listener.Addr())
	panic(http.Serve(listener, mux))
}
