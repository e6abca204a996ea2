"""Trains the small ResNet in Swift and in Python, epoch by epoch in turns, and prints both: seconds on the clock and of the
processors, which others on the machine change less.

    in_turns.py MODEL_ZOO FOLDER [EPOCHS [SEED [THREADS]]]
"""
import os
import subprocess
import sys

zoo, folder = sys.argv[1:3]
epochs, seed, threads = (sys.argv[3:] + ["3", "0", "1"][len(sys.argv) - 3:])[:3]
here = os.path.dirname(os.path.abspath(__file__))
commands = {
    "Swift": [zoo, "train", "--in-turns", "--data", folder, "--epochs", epochs, "--seed", seed, "--threads", threads],
    "Python": [sys.executable, os.path.join(here, "small_resnet.py"), folder, epochs, seed, threads],
}
running = {
    name: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for name, command in commands.items()
}
totals = {name: [0.0, 0.0] for name in running}
for epoch in range(int(epochs)):
    names = list(running) if epoch % 2 == 0 else list(running)[::-1]
    for name in names:
        process = running[name]
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline().strip()
        print(name, line, flush=True)
        for i, place in enumerate((5, 7)):
            totals[name][i] += float(line.split()[place])
for i, what in enumerate(("seconds", "seconds of the processors")):
    found = {name: round(times[i], 1) for name, times in totals.items()}
    print(what, found, "ratio", round(totals["Swift"][i] / totals["Python"][i], 3))
