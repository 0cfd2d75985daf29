// A task that owns everything: its bytes, its steps, its metrics. Any code fits that can train a while, be stopped and
// go on. Here: logistic regression by gradient descent with momentum, on points of two overlapping clouds.
//
// Built twice: as a program of its own, and as a shared library for the program stemma.

#include <array>
#include <cmath>
#include <cstring>
#include <random>
#include <stemma.hpp>

namespace {

struct Point {
    std::array<double, 3> x;  // the last one is 1: the bias
    double label;             // 0 or 1
};

std::vector<Point> points(std::uint64_t seed, std::size_t count) {
    std::mt19937_64 draw(seed);
    std::normal_distribution<double> normal;
    std::vector<Point> out;
    for (std::size_t i = 0; i < count; ++i) {
        const double label = i % 2 == 0 ? 0 : 1;
        out.push_back({{normal(draw) + 2 * label, normal(draw) - label, 1}, label});
    }
    return out;
}

struct State {
    std::array<double, 3> weights{};
    std::array<double, 3> momentum{};
};

class Logistic : public stemma::Trainer {
public:
    static std::vector<stemma::MetricInfo> metrics_of_task() { return {{"valid_loss"}, {"test_loss", true}}; }

    explicit Logistic(const stemma::TaskContext& context)
        : train_(points(context.run_seed, 400)),
          valid_(points(context.run_seed + 1, 200)),
          test_(points(context.run_seed + 2, 200)) {}

    std::span<const stemma::MetricInfo> metrics() const override { return metrics_; }
    std::string describe() const override { return "logistic regression"; }

    stemma::TrainResult train(const stemma::TrainRequest& request) override {
        // Typed, by name. A name that the job lacks is an error that lists the known names.
        const double lr = request.configuration.real("lr");
        const double momentum = request.configuration.real_or("momentum", 0);
        State state;
        for (auto& weight : state.weights) weight = static_cast<double>(request.seed % 1000) * 1e-4;
        if (request.start != nullptr && !load(*request.start, state)) {
            return stemma::TrainFailure{stemma::FailureKind::snapshot_unavailable, "Logistic",
                                        "the snapshot is of another task", 0};
        }
        stemma::Trained out;
        for (auto unit = request.from + 1; unit <= request.to; ++unit) {
            step(state, lr, momentum);
            out.reached = unit;
            out.rows.push_back({unit, {loss(state, valid_), loss(state, test_)}});
            if (request.progress) request.progress(out.rows.back());
            if (request.stop != nullptr && *request.stop) break;
        }
        out.snapshot.add("weights", stemma::DType::f64, {3}, std::as_bytes(std::span(state.weights)));
        out.snapshot.add("momentum", stemma::DType::f64, {3}, std::as_bytes(std::span(state.momentum)));
        return out;
    }

private:
    static double predicted(const State& state, const Point& point) {
        double sum = 0;
        for (std::size_t i = 0; i < 3; ++i) sum += state.weights[i] * point.x[i];
        return 1 / (1 + std::exp(-sum));
    }
    static double loss(const State& state, const std::vector<Point>& rows) {
        double sum = 0;
        for (const auto& row : rows) sum -= std::log(row.label > 0 ? predicted(state, row) : 1 - predicted(state, row));
        return sum / static_cast<double>(rows.size());
    }
    void step(State& state, double lr, double momentum) const {
        std::array<double, 3> gradient{};
        for (const auto& row : train_) {
            for (std::size_t i = 0; i < 3; ++i)
                gradient[i] += (predicted(state, row) - row.label) * row.x[i] / static_cast<double>(train_.size());
        }
        for (std::size_t i = 0; i < 3; ++i) {
            state.momentum[i] = momentum * state.momentum[i] + gradient[i];
            state.weights[i] -= lr * state.momentum[i];
        }
    }
    static bool load(const stemma::Snapshot& snapshot, State& state) {
        const auto* weights = snapshot.find("weights");
        const auto* momentum = snapshot.find("momentum");
        if (weights == nullptr || momentum == nullptr || weights->bytes != sizeof state.weights ||
            momentum->bytes != weights->bytes)
            return false;
        std::memcpy(state.weights.data(), snapshot.content(*weights).data(), weights->bytes);
        std::memcpy(state.momentum.data(), snapshot.content(*momentum).data(), momentum->bytes);
        return true;
    }

    std::vector<stemma::MetricInfo> metrics_ = metrics_of_task();
    std::vector<Point> train_, valid_, test_;
};

}  // namespace

#ifdef AS_LIBRARY
extern "C" void stemma_library(stemma::TaskLibrary& out) { out.offer({stemma::trainer<Logistic>("logistic")}); }
#else
int main(int argc, char** argv) { return stemma::main(argc, argv, {stemma::trainer<Logistic>("logistic")}); }
#endif
