"""Draws with the Graphviz that the pygraphviz package brings along.

A program of its own, run beside ours: a layout inside our process could not be stopped when its time is up.
Reads DOT from standard input, writes the picture to standard output; the arguments are the format and further settings.
"""

import sys

import pygraphviz

if __name__ == "__main__":
    drawing = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
    sys.stdout.buffer.write(drawing.draw(format=sys.argv[1], prog="dot", args=" ".join(sys.argv[2:])))
