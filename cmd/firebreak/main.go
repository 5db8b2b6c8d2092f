// Command firebreak is incident response in the terminal.
package main

import "firebreak/cmd"

func main() { cmd.Exit(cmd.Main(cmd.Process())) }
