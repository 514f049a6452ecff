// Go's nhooyr.io/websocket.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"

	"nhooyr.io/websocket"
)

const limit = 2 << 20

func dial(url string, subprotocols ...string) (*Socket, error) {
	ctx := context.Background()
	options := &websocket.DialOptions{Subprotocols: subprotocols, CompressionThreshold: 1}
	conn, _, err := websocket.Dial(ctx, url, options)
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(limit)
	return &Socket{
		Send: func(text bool, data []byte) error { return conn.Write(ctx, kind(text), data) },
		Recv: func() (bool, []byte, error) {
			kind, data, err := conn.Read(ctx)
			return kind == websocket.MessageText, data, err
		},
		Close: func(code int, reason string) error {
			return conn.Close(websocket.StatusCode(code), reason)
		},
		Ping: func() error {
			// Pongs are received by a reader.
			conn.CloseRead(ctx)
			return conn.Ping(ctx)
		},
		Fragments: func(chunks []string) error { return write(ctx, conn, chunks) },
		Closed: func(err error) (int, string) {
			var closed websocket.CloseError
			errors.As(err, &closed)
			return int(closed.Code), closed.Reason
		},
		Subprotocol: conn.Subprotocol(),
	}, nil
}

func kind(text bool) websocket.MessageType {
	if text {
		return websocket.MessageText
	}
	return websocket.MessageBinary
}

func write(ctx context.Context, conn *websocket.Conn, chunks []string) error {
	writer, err := conn.Writer(ctx, websocket.MessageText)
	if err != nil {
		return err
	}
	for _, chunk := range chunks {
		if _, err := writer.Write([]byte(chunk)); err != nil {
			return err
		}
	}
	return writer.Close()
}

func handle(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	options := &websocket.AcceptOptions{Subprotocols: []string{"chat.v2"}, CompressionThreshold: 1}
	conn, err := websocket.Accept(w, r, options)
	if err != nil {
		log.Println(err)
		return
	}
	defer conn.Close(websocket.StatusInternalError, "")
	conn.SetReadLimit(limit)
	for {
		kind, data, err := conn.Read(ctx)
		var closed websocket.CloseError
		if errors.As(err, &closed) {
			fmt.Println("closed", int(closed.Code), closed.Reason)
		}
		if err != nil {
			return
		}
		switch string(data) {
		case "ping":
			go func() {
				if conn.Ping(ctx) == nil {
					conn.Write(ctx, websocket.MessageText, []byte("pong"))
				}
			}()
		case "fragments":
			write(ctx, conn, []string{"one ", "two ", "three"})
		case "close":
			conn.Close(3002, reason)
			return
		default:
			conn.Write(ctx, kind, data)
		}
	}
}

func serve() {
	http.HandleFunc("/refuse", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "not for you", http.StatusForbidden)
	})
	http.HandleFunc("/", handle)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
