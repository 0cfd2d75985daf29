#include "contract/endpoint/endpoint_suite.hpp"
#include "transport/mpi/mpi_endpoint.hpp"

namespace stemma::contract {
namespace {

class MpiContract : public ::testing::TestWithParam<Scenario> {};

TEST_P(MpiContract, Holds) {
    const auto endpoint = make_mpi_endpoint();
    GetParam().run(*endpoint);
}

/// Not for 2 GiB: those are 21,475 chunks of such a size, each waiting for the one before.
class MpiContractInSmallChunks : public ::testing::TestWithParam<Scenario> {};

std::vector<Scenario> scenarios_of_some_chunks() {
    auto some = scenarios();
    std::erase_if(some, [](const Scenario& each) { return each.run == bulk_beyond_two_gibibytes_arrives_whole; });
    return some;
}

TEST_P(MpiContractInSmallChunks, Holds) {
    const auto endpoint = make_mpi_endpoint({.chunk_bytes = 100'000, .chunks_in_flight = 2, .receives_posted = 1});
    GetParam().run(*endpoint);
}

INSTANTIATE_TEST_SUITE_P(Mpi, MpiContract, ::testing::ValuesIn(scenarios()),
                         [](const auto& each) { return std::string(each.param.name); });

INSTANTIATE_TEST_SUITE_P(Mpi, MpiContractInSmallChunks, ::testing::ValuesIn(scenarios_of_some_chunks()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace stemma::contract
