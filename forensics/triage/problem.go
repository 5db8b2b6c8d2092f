package triage

import "firebreak/internal/problem"

// Problem is one thing that is wrong with a file of rules.
type Problem = problem.Problem

// Problems is all that is wrong, in the order of the files: the error of Load.
type Problems = problem.Problems
