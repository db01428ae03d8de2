"""Test questions of our own making, worded as benchmarks word theirs: training must never see them."""

QUESTIONS = (
    "Which of the following gases makes up the largest share of the air? A. Oxygen B. Nitrogen C. Argon D. Helium",
    "A train travels 180 kilometers in two hours and then 120 kilometers in three hours. What is its average speed?",
    "If a shirt costs 40 dollars after a discount of 20 percent, how much did it cost before the discount?",
    "Which part of a plant cell contains the chlorophyll that captures the energy of sunlight during photosynthesis?",
    "Maria has three times as many marbles as Tom, and together they have 48 marbles. How many marbles does Tom have?",
    "What happens to the boiling point of water when the pressure above its surface is lowered by a vacuum pump?",
    "A student drops a feather and a hammer on the Moon at the same moment. Which one reaches the ground first?",
    "Choose the best ending: The baker took the loaf out of the oven, set it on a rack, and waited until it was cool.",
    "Which amendment process allows a constitution to be changed by a vote of two thirds of both chambers?",
    "The sum of three consecutive even numbers is 78. What is the product of the smallest and the largest of them?",
    "Which organ of the human body produces insulin, and which disease results when it produces too little of it?",
    "A rectangle is twice as long as it is wide and its perimeter is 54 centimeters. What is its area?",
)
