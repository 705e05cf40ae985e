// SPDX-License-Identifier: MIT
// Go's net/http, a goroutine for each task.   client URL TASKS CONNECTIONS
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

const body = `{"base64Array":[],"prompt":"black cat, cinematic lighting"}`

var (
	client *http.Client
	polls  int64
)

func ask(method, url, body string) map[string]interface{} {
	request, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	request.Header.Set("Authorization", "Bearer sk-bench")
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	reply, err := client.Do(request)
	if err != nil {
		panic(err)
	}
	defer reply.Body.Close()
	if reply.StatusCode != 200 {
		panic(reply.Status)
	}
	var value map[string]interface{}
	if err := json.NewDecoder(reply.Body).Decode(&value); err != nil {
		panic(err)
	}
	return value
}

func main() {
	url := os.Args[1]
	tasks, _ := strconv.Atoi(os.Args[2])
	connections, _ := strconv.Atoi(os.Args[3])
	client = &http.Client{Transport: &http.Transport{
		MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}}
	var group sync.WaitGroup
	for i := 0; i < tasks; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			id := ask("POST", url+"/mj/submit/imagine", body)["result"].(string)
			for {
				atomic.AddInt64(&polls, 1)
				if ask("GET", url+"/mj/task/"+id+"/fetch", "")["status"] == "SUCCESS" {
					return
				}
			}
		}()
	}
	group.Wait()
	fmt.Printf("polls=%d\n", polls)
}
