// Updates a second: plain training with LibTorch's SGD (or Adam with AMSGrad) and each variant, side by side in one run
// (T = 10, i = 5).
//   bench_hypergradient [ROUNDS [NAME [VARIANT...]]]      NAME: only tasks with this in their name
// One thread, in seconds of CPU time, so that a busy machine disturbs little. Each round times every contender once. A
// line gives medians over rounds: updates/s, and the cost relative to plain training in the same round. "own" is the
// cost relative to Stemma's own plain training, in the same round too. The last column is that cost by each contender's
// fastest round, which other processes disturb least. Inputs are random: only shapes matter.
#include <fmt/format.h>
#include <torch/torch.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <functional>

#include "trainer/torch/device.hpp"
#include "trainer/torch/hypergradient/one_pass.hpp"
#include "trainer/torch/networks/network.hpp"
#include "trainer/torch/optimizer.hpp"
#include "trainer/torch_library/torch_settings.hpp"

namespace {

using namespace stemma;

struct Task {
    const char* name;
    const char* model;
    std::int64_t classes;
    std::int64_t batch, valid_batch;
    int updates;  ///< in one timing
    std::vector<std::string> variants = all_but_unrolled();
    std::int64_t layers = 1, width = 50;
    std::int64_t steps = 0;  ///< of a batch of text
    const char* optimizer = "sgd";
    double gradient_clip = 0;

    static std::vector<std::string> all_but_unrolled() {
        auto all = hypergradient_variants();
        std::erase(all, "unrolled");
        return all;
    }
    bool is(const char* name_of_model) const { return std::string(model) == name_of_model; }
    bool amsgrad() const { return std::string(optimizer) != "sgd"; }
};

struct Contender {
    std::string name;
    std::function<void()> update;
    std::vector<double> rates, costs, own;
};

Data shapes_of(const Task& task) {
    Data data;
    data.classes = task.classes;
    const auto rows = std::max(task.batch, task.valid_batch);
    if (task.is("lstm")) {
        data.train = {torch::randint(task.classes, {task.steps, rows}, torch::kInt64),
                      torch::randint(task.classes, {task.steps, rows}, torch::kInt64)};
        return data;
    }
    if (task.is("resnet18")) {
        data.train = {torch::randn({rows, 3, 32, 32}), torch::randint(task.classes, {rows}, torch::kInt64)};
        return data;
    }
    const bool table = task.classes == 0;
    data.train = {table ? torch::randn({rows, 8}) : torch::rand({rows, 1, 28, 28}),
                  table ? torch::randn({rows}) : torch::randint(task.classes, {rows}, torch::kInt64)};
    return data;
}

torch::Tensor loss_of(Network& network, const Data& data, std::int64_t rows) {
    const auto dimension = data.text() ? 1 : 0;  // a batch of text has all steps of its streams
    const auto output = network.forward(data.train.x.slice(dimension, 0, rows));
    const auto target = data.train.y.slice(dimension, 0, rows).flatten();
    if (data.classes > 0) return torch::nll_loss(torch::log_softmax(output, 1), target);
    return torch::mse_loss(output.squeeze(1), target);
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double largest(const std::vector<double>& values) { return *std::max_element(values.begin(), values.end()); }

Contender plain(const Task& task, const Data& data, const Hyperparameters& h, bool fused, at::Generator& generator) {
    std::shared_ptr<Network> network = make_network(task.model, {data, h, {.fused = fused}, generator});
    std::shared_ptr<torch::optim::Optimizer> optimizer = make_optimizer(network->parameters(), h);
    return {fused && task.is("lenet") ? "plain, fused first block" : "plain",
            [=, &data] {
                optimizer->zero_grad();
                loss_of(*network, data, task.batch).backward();
                if (task.gradient_clip > 0)
                    torch::nn::utils::clip_grad_norm_(network->parameters(), task.gradient_clip);
                optimizer->step();
            },
            {},
            {},
            {}};
}

Contender moving(const Task& task, const Data& data, const Hyperparameters& h, const std::string& variant,
                 at::Generator& generator) {
    std::shared_ptr<Network> network = make_network(
        task.model, {data, h, {.twice = uses_validation(variant), .by_hand = task.gradient_clip == 0}, generator});
    HyperStart start;
    start.used = {h.lr, h.weight_decay, task.amsgrad() ? h.beta1 : h.momentum, h.beta2};
    const auto& own = torch_optimizer(task.optimizer).moves;
    for (const auto& name : moved_by(variant)) {
        if (name == "lr" || name == "weight_decay") start.moves[name == "lr" ? 0 : 1] = true;
        if (std::ranges::find(own, name) != own.end()) start.moves[name == "beta2" ? 3 : 2] = true;
    }
    HypergradientSettings settings;
    settings.variant = variant;
    settings.gradient_clip = task.gradient_clip;
    const auto one_pass =
        std::make_shared<OnePass>(network->parameters(), task.optimizer, 1e-8, task.amsgrad(), start, settings, 1);
    return {variant,
            [=, &data] {
                one_pass->update({[&] { return loss_of(*network, data, task.batch); },
                                  [&] { return loss_of(*network, data, task.valid_batch); },
                                  {},
                                  [&] {
                                      return network->curvature(data.train.x.slice(0, 0, task.batch),
                                                                data.train.y.slice(0, 0, task.batch));
                                  }});
            },
            {},
            {},
            {}};
}

void run(const Task& task, int rounds) {
    const auto data = shapes_of(task);
    Hyperparameters h;
    h.lr = 1e-3;
    h.weight_decay = 1e-4;
    h.momentum = 0.9;
    h.optimizer = task.optimizer;
    h.amsgrad = task.amsgrad();
    h.layers = task.layers;
    h.width = task.width;
    auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
    std::vector<Contender> contenders{plain(task, data, h, task.is("lstm"), generator)};
    if (task.is("lenet")) contenders.push_back(plain(task, data, h, true, generator));
    const auto own = contenders.size() - 1;
    for (const auto& variant : task.variants) contenders.push_back(moving(task, data, h, variant, generator));
    for (int round = -1; round < rounds; ++round) {  // the first one warms up
        for (auto& contender : contenders) {
            const auto start = std::clock();
            for (int i = 0; i < task.updates; ++i) contender.update();
            const double took = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
            if (round < 0) continue;
            contender.rates.push_back(task.updates / took);
            contender.costs.push_back(contenders[0].rates.back() / contender.rates.back());
        }
        if (round < 0) continue;
        for (auto& contender : contenders)
            contender.own.push_back(contenders[own].rates.back() / contender.rates.back());
    }
    fmt::print("{}: {} rows a batch, {} updates a timing, {} rounds\n", task.name, task.batch, task.updates, rounds);
    for (const auto& contender : contenders) {
        fmt::print("  {:<26} {:>9.4g} updates/CPU s   cost {:.2f}   own {:.2f}   of the fastest rounds {:.2f}\n",
                   contender.name, median(contender.rates), median(contender.costs), median(contender.own),
                   largest(contenders[own].rates) / largest(contender.rates));
    }
}

}  // namespace

int main(int count, char** arguments) {
    const int rounds = count > 1 ? std::atoi(arguments[1]) : 15;
    set_threads(1);
    set_process_flags({}, torch::kCPU);  // as the trainer does: freed memory is kept from batch to batch
    const std::vector<std::string> few = {"random", "wd_lr_m"};
    for (auto task :
         std::vector<Task>{{"UCI Energy, MLP 8-50-1, full batch", "mlp", 0, 614, 78, 200},
                           {"Fashion-MNIST, MLP 784-50-10", "mlp", 10, 50, 50, 100},
                           {"Fashion-MNIST, LeNet", "lenet", 10, 50, 50, 20},
                           {"Adam: MLP 784-50-10", "mlp", 10, 50, 50, 100, few, 1, 50, 0, "adam"},
                           {"Adam: LeNet, batch 1024", "lenet", 10, 1024, 1024, 10, few, 1, 50, 0, "adam"},
                           {"CIFAR-10, ResNet-18", "resnet18", 10, 100, 100, 10, Task::all_but_unrolled(), 0, 64},
                           {"text, LSTM 2 x 200, 2,000 words, 35 steps, clipped to 0.25", "lstm", 2000, 20, 20, 10,
                            Task::all_but_unrolled(), 2, 200, 35, "sgd", 0.25}}) {
        if (count > 3) task.variants.assign(arguments + 3, arguments + count);
        if (count < 3 || std::string(task.name).find(arguments[2]) != std::string::npos) run(task, rounds);
    }
    return 0;
}
