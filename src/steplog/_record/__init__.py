"""What a program without a framework records with: the recorder, its runs and steps, and a look at what just ran."""
