"""Measure what recording costs, side by side with a program that records nothing: see README.md here."""

from stepbench.command import main

if __name__ == "__main__":
    main()
