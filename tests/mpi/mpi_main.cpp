// main() of tests that run under mpiexec: every rank runs the same tests in the same order. Rank 0 prints. The other
// ranks are silent and show their output only if a test failed. The exit code on all ranks is the worst of all ranks.

#include <gtest/gtest.h>
#include <mpi.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "transport/mpi/mpi_session.hpp"

namespace {

/// Redirects standard output into a temporary file for the lifetime of the object.
class Quiet {
public:
    Quiet() : file_(std::tmpfile()), saved_(::dup(STDOUT_FILENO)) {
        std::fflush(stdout);
        ::dup2(::fileno(file_), STDOUT_FILENO);
    }
    ~Quiet() {
        std::fflush(stdout);
        ::dup2(saved_, STDOUT_FILENO);
        ::close(saved_);
        std::fclose(file_);
    }
    Quiet(const Quiet&) = delete;
    Quiet& operator=(const Quiet&) = delete;

    std::string text() {
        std::fflush(stdout);
        std::rewind(file_);
        std::string all;
        char block[4096];
        for (std::size_t n = 0; (n = std::fread(block, 1, sizeof block, file_)) > 0;) all.append(block, n);
        return all;
    }

private:
    FILE* file_;
    int saved_;
};

/// Tests begin together, so that a message of one test cannot arrive in the next.
class TogetherListener final : public ::testing::EmptyTestEventListener {
    void OnTestStart(const ::testing::TestInfo&) override { MPI_Barrier(MPI_COMM_WORLD); }
};

}  // namespace

int main(int argc, char** argv) {
    stemma::MpiSession session(argc, argv);
    ::testing::InitGoogleTest(&argc, argv);
    ::testing::UnitTest::GetInstance()->listeners().Append(new TogetherListener);
    auto quiet = session.rank() == 0 ? nullptr : std::make_unique<Quiet>();
    int mine = RUN_ALL_TESTS();
    const auto said = mine != 0 && quiet ? quiet->text() : std::string();
    quiet.reset();
    if (!said.empty()) std::printf("==== rank %d of %d ====\n%s", session.rank(), session.size(), said.c_str());
    int worst = 0;
    MPI_Allreduce(&mine, &worst, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return worst;
}
