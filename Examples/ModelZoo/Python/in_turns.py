"""Trains the small ResNet in Swift and in Python, epoch by epoch in turns, and prints both.

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
totals = dict.fromkeys(running, 0.0)
for epoch in range(int(epochs)):
    names = list(running) if epoch % 2 == 0 else list(running)[::-1]
    for name in names:
        process = running[name]
        process.stdin.write("\n")
        process.stdin.flush()
        line = process.stdout.readline().strip()
        print(name, line, flush=True)
        totals[name] += float(line.split()[5])
print({name: round(seconds, 1) for name, seconds in totals.items()}, "ratio", round(totals["Swift"] / totals["Python"], 3))
