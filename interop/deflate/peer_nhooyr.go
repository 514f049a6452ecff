// nhooyr's websocket for Go as a peer: `server OPTIONS` echoes, `client OPTIONS URL` checks an echo. OPTIONS is
// `no takeover`, its default, or `takeover`.
package main

import (
	"bytes"
	"context"
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strings"

	"nhooyr.io/websocket"
)

const limit = 4 << 20

type payload struct {
	kind  websocket.MessageType
	bytes []byte
}

// Text and binary of every form of length: repetitive, random, and multi-byte characters.
func payloads() (all []payload) {
	for _, size := range []int{0, 1, 63, 64, 125, 126, 1000, 65535, 65536, 300_000} {
		text := strings.Repeat(`{"text":"hello again, "}`, size/20+1)[:size]
		noise := make([]byte, size)
		rand.New(rand.NewSource(int64(size))).Read(noise)
		all = append(all,
			payload{websocket.MessageText, []byte(text)},
			payload{websocket.MessageText, []byte(strings.Repeat("κόσμε 🙂 ", size/16))},
			payload{websocket.MessageBinary, noise},
			payload{websocket.MessageBinary, make([]byte, size)})
	}
	return all
}

func mode(options string) websocket.CompressionMode {
	if options == "takeover" {
		return websocket.CompressionContextTakeover
	}
	return websocket.CompressionNoContextTakeover
}

func serve(mode websocket.CompressionMode) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	return http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		options := &websocket.AcceptOptions{CompressionMode: mode, CompressionThreshold: 1}
		socket, err := websocket.Accept(response, request, options)
		if err != nil {
			fmt.Println("error:", err)
			return
		}
		socket.SetReadLimit(limit)
		for {
			kind, message, err := socket.Read(request.Context())
			if err != nil {
				return
			}
			if err := socket.Write(request.Context(), kind, message); err != nil {
				return
			}
		}
	}))
}

func check(mode websocket.CompressionMode, url string) error {
	ctx := context.Background()
	options := &websocket.DialOptions{CompressionMode: mode, CompressionThreshold: 1}
	socket, _, err := websocket.Dial(ctx, url, options)
	if err != nil {
		return err
	}
	socket.SetReadLimit(limit)
	count := 0
	for _, expected := range payloads() {
		if err := socket.Write(ctx, expected.kind, expected.bytes); err != nil {
			return err
		}
		kind, message, err := socket.Read(ctx)
		if err != nil {
			return err
		}
		count++
		if kind != expected.kind || !bytes.Equal(message, expected.bytes) {
			return fmt.Errorf("message %d came back changed", count)
		}
	}
	if err := socket.Close(websocket.StatusNormalClosure, ""); err != nil {
		return err
	}
	fmt.Println(count, "messages")
	return nil
}

func main() {
	role, options := os.Args[1], os.Args[2]
	var err error
	if role == "server" {
		err = serve(mode(options))
	} else {
		err = check(mode(options), os.Args[3])
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
