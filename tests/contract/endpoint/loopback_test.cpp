#include <thread>

#include "contract/endpoint/endpoint_suite.hpp"
#include "transport/loopback.hpp"

namespace stemma::contract {
namespace {

using Case = std::tuple<int, Scenario>;

class LoopbackContract : public ::testing::TestWithParam<Case> {};

TEST_P(LoopbackContract, Holds) {
    const auto& [ranks, scenario] = GetParam();
    auto endpoints = make_loopback(ranks);
    std::vector<std::jthread> threads;
    for (auto& endpoint : endpoints) threads.emplace_back([&endpoint, run = scenario.run] { run(*endpoint); });
    threads.clear();
}

INSTANTIATE_TEST_SUITE_P(Ranks, LoopbackContract,
                         ::testing::Combine(::testing::Values(2, 3, 5), ::testing::ValuesIn(scenarios())),
                         [](const auto& each) {
                             return std::string(std::get<1>(each.param).name) + std::to_string(std::get<0>(each.param));
                         });

}  // namespace
}  // namespace stemma::contract
