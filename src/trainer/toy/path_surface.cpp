#include "trainer/toy/path_surface.hpp"

#include <algorithm>

namespace stemma {

namespace {

constexpr int steps = 20;

double zoo_value(double x) { return 1e-4 + 1.0999 * x; }
double rate_value(double x) { return std::pow(10.0, 3 * x - 3); }

PathState deceptive(PathState state, double h, Resource unit, Resource max) {
    state.second += std::abs(h - (1 - static_cast<double>(unit - 1) / static_cast<double>(max)));
    for (int step = 0; step < steps; ++step) {
        state.loss = state.first * state.first;
        state.first -= 0.001 * 2 * std::max(2 - h - 0.2 * state.second, 0.0) * state.first;
    }
    return state;
}

PathState plain(PathState state, double h) {
    for (int step = 0; step < steps; ++step) state.first -= 0.001 * 2 * (2 - h) * state.first;
    state.loss = state.first * state.first;
    return state;
}

PathState decay(PathState state, double h) {
    for (int step = 0; step < steps; ++step) state.first = (1 - h) * (1 - h) * state.first + h * h;
    state.loss = std::log10(state.first / 2);
    return state;
}

PathState curvatures(PathState state, double h) {
    constexpr double flat = 0.005;
    for (int step = 0; step < steps; ++step) {
        state.first = (1 - h) * (1 - h) * state.first + 4 * h * h;
        state.second = (1 - h * flat) * (1 - h * flat) * state.second + 4 * flat * h * h;
    }
    state.loss = std::log10((state.first + flat * state.second) / 2);
    return state;
}

}  // namespace

PathState path_start(PathKind kind) {
    switch (kind) {
        case PathKind::plain:
        case PathKind::deceptive:
            return {.first = 0.9, .loss = 0.81};
        case PathKind::moving:
            return {.loss = 1};
        case PathKind::decay:
            return {.first = 100, .loss = std::log10(50)};
        case PathKind::curvatures:
            return {.first = 1, .second = 400, .loss = std::log10(1.5)};
    }
    return {};
}

PathState path_unit(PathKind kind, PathState state, double x, Resource unit, Resource max) {
    switch (kind) {
        case PathKind::plain:
            return plain(state, zoo_value(x));
        case PathKind::deceptive:
            return deceptive(state, zoo_value(x), unit, max);
        case PathKind::moving:
            state.first += moving_gain(x, state.first, 0.1);
            state.loss = 1 / (1 + state.first);
            return state;
        case PathKind::decay:
            return decay(state, rate_value(x));
        case PathKind::curvatures:
            return curvatures(state, rate_value(x));
    }
    return state;
}

}  // namespace stemma
