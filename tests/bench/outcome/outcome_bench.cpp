// Cost of an order over outcomes and of a hypervolume:
//   bench_outcome
// Argument 1: members. Argument 2: objectives. `uniform`: values of the unit cube, many fronts. `one_front`: none is
// dominated. `antichain`: the second and third objective alone already make one front (the largest staircase).
#include <benchmark/benchmark.h>

#include <cmath>
#include <vector>

#include "core/rng.hpp"
#include "outcome/growing_order.hpp"
#include "outcome/hypervolume.hpp"
#include "outcome/order.hpp"

namespace {

using namespace stemma;

enum class Shape : std::uint8_t { uniform, one_front, antichain };

std::vector<Candidate> members(std::size_t count, std::size_t objectives, Shape shape) {
    Stream draw(1, Purpose::test);
    std::vector<Candidate> made;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::vector<double> point(objectives);
        for (auto& value : point) value = draw.uniform();
        double sum = 0;
        for (std::size_t d = 0; d + 1 < objectives; ++d) sum += point[d];
        if (shape == Shape::one_front) point.back() = -sum;
        if (shape == Shape::antichain) point.back() = -point[objectives - 2];
        made.push_back({{i}, {Objectives(point)}});
    }
    return made;
}

template <Shape shape>
void whole_order(benchmark::State& state) {
    const auto all = members(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)), shape);
    for (auto _ : state) benchmark::DoNotOptimize(order_of(all));
}

/// A rung as it fills: after each report its best third is wanted. The time is that of all of them.
void growing_third(benchmark::State& state) {
    const auto count = static_cast<std::size_t>(state.range(0));
    const auto all = members(count, static_cast<std::size_t>(state.range(1)), Shape::uniform);
    for (auto _ : state) {
        GrowingOrder order;
        for (const auto& member : all) {
            order.add(member);
            benchmark::DoNotOptimize(order.best(order.size() / 3));
        }
    }
    state.counters["per_report"] = benchmark::Counter(
        static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

template <Shape shape>
void volume(benchmark::State& state) {
    const auto all = members(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)), shape);
    std::vector<Objectives> points;
    for (const auto& member : all) points.push_back(member.outcome.objectives);
    const auto reference = reference_of(points);
    for (auto _ : state) benchmark::DoNotOptimize(hypervolume(points, reference));
}

void sizes(benchmark::internal::Benchmark* benchmark) {
    benchmark->ArgsProduct({{1'000, 100'000}, {1, 2, 3}})->Unit(benchmark::kMillisecond);
}

BENCHMARK(whole_order<Shape::uniform>)->Apply(sizes);
BENCHMARK(whole_order<Shape::one_front>)->ArgsProduct({{100'000}, {2, 3}})->Unit(benchmark::kMillisecond);
BENCHMARK(whole_order<Shape::antichain>)->ArgsProduct({{100'000}, {3}})->Unit(benchmark::kMillisecond);
BENCHMARK(growing_third)->ArgsProduct({{1'000, 20'000}, {2, 3}})->Unit(benchmark::kMillisecond)->Iterations(1);
BENCHMARK(volume<Shape::uniform>)->ArgsProduct({{100'000}, {2, 3}})->Unit(benchmark::kMillisecond);
BENCHMARK(volume<Shape::one_front>)->ArgsProduct({{100'000}, {2, 3}})->Unit(benchmark::kMillisecond);

}  // namespace
