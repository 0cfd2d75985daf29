// The program `stemma` without tasks of a user.
#include "trainer/task/stemma.hpp"

int main(int argc, char** argv) { return stemma::main(argc, argv); }
