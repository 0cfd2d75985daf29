#include "contract/endpoint/endpoint_suite.hpp"
#include "transport/mpi/mpi_endpoint.hpp"

namespace stemma::contract {
namespace {

class MpiContract : public ::testing::TestWithParam<Scenario> {};

TEST_P(MpiContract, Holds) {
    const auto endpoint = make_mpi_endpoint();
    GetParam().run(*endpoint);
}

TEST_P(MpiContract, HoldsWithSmallChunksAndFewReceives) {
    const auto endpoint = make_mpi_endpoint({.chunk_bytes = 100'000, .chunks_in_flight = 2, .receives_posted = 1});
    GetParam().run(*endpoint);
}

INSTANTIATE_TEST_SUITE_P(Mpi, MpiContract, ::testing::ValuesIn(scenarios()),
                         [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace stemma::contract
