// The entry points of libstemma_mpi.so.
#include "transport/mpi/mpi_agree.hpp"
#include "transport/mpi/mpi_endpoint.hpp"
#include "transport/mpi/mpi_session.hpp"
#include "transport/mpi/selfcheck.hpp"
#include "transport/mpi_library/mpi_library.hpp"

namespace {

class Ranks final : public stemma::MpiRanks {
public:
    std::uint64_t agree(std::uint64_t value) override { return stemma::mpi_agree(value); }
    std::vector<std::string> all_texts(const std::string& text) override { return stemma::mpi_all_texts(text); }
    std::unique_ptr<stemma::Endpoint> endpoint() override { return stemma::make_mpi_endpoint(); }
    stemma::SelfCheck selfcheck(const std::string& facts) override { return stemma::mpi_selfcheck(facts); }

private:
    int argc_ = 0;
    char** argv_ = nullptr;
    stemma::MpiSession session_{argc_, argv_};
};

}  // namespace

extern "C" const char* stemma_mpi_stamp() {
    static const auto stamp = stemma::mpi_stamp(STEMMA_VERSION);
    return stamp.c_str();
}

extern "C" const void* stemma_mpi_part() {
    static const stemma::MpiLibrary library{
        []() -> std::unique_ptr<stemma::MpiRanks> { return std::make_unique<Ranks>(); }};
    return &library;
}
