// Go's gorilla/websocket.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

func dial(url string, subprotocols ...string) (*Socket, error) {
	dialer := websocket.Dialer{Subprotocols: subprotocols, EnableCompression: true}
	conn, response, err := dialer.Dial(url, nil)
	if err != nil {
		if response != nil {
			err = fmt.Errorf("%w: %s", err, response.Status)
		}
		return nil, err
	}
	recv := func() (bool, []byte, error) {
		kind, data, err := conn.ReadMessage()
		return kind == websocket.TextMessage, data, err
	}
	return &Socket{
		Send: func(text bool, data []byte) error { return conn.WriteMessage(kind(text), data) },
		Recv: recv,
		Close: func(code int, reason string) error {
			message := websocket.FormatCloseMessage(code, reason)
			conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
			_, _, err := recv()
			if !websocket.IsCloseError(err, code) {
				return err
			}
			return conn.Close()
		},
		Ping: func() error {
			ponged := false
			conn.SetPongHandler(func(string) error { ponged = true; return nil })
			conn.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(time.Second))
			// The pong is handled by the next read.
			conn.WriteMessage(websocket.TextMessage, []byte("after"))
			if _, _, err := recv(); err != nil || !ponged {
				return fmt.Errorf("no pong: %v", err)
			}
			return nil
		},
		// Its writer sends a frame whenever its buffer is full.
		Fragments: nil,
		Closed: func(err error) (int, string) {
			if closed, is := err.(*websocket.CloseError); is {
				return closed.Code, closed.Text
			}
			return 0, ""
		},
		Subprotocol: conn.Subprotocol(),
	}, nil
}

func kind(text bool) int {
	if text {
		return websocket.TextMessage
	}
	return websocket.BinaryMessage
}

func serve() {
	upgrader := websocket.Upgrader{Subprotocols: []string{"chat.v2"}, EnableCompression: true}
	http.HandleFunc("/refuse", func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "not for you", http.StatusForbidden)
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			log.Println(err)
			return
		}
		defer conn.Close()
		conn.SetPongHandler(func(string) error {
			return conn.WriteMessage(websocket.TextMessage, []byte("pong"))
		})
		for {
			kind, data, err := conn.ReadMessage()
			if err != nil {
				if closed, is := err.(*websocket.CloseError); is {
					fmt.Println("closed", closed.Code, closed.Text)
				}
				return
			}
			switch string(data) {
			case "ping":
				deadline := time.Now().Add(time.Second)
				conn.WriteControl(websocket.PingMessage, []byte("hello"), deadline)
			case "close":
				message := websocket.FormatCloseMessage(3002, reason)
				conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second))
			default:
				conn.WriteMessage(kind, data)
			}
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
