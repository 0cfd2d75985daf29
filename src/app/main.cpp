// The program `stemma` as it comes: no tasks of its own.
#include "trainer/task/stemma.hpp"

int main(int argc, char** argv) { return stemma::main(argc, argv); }
