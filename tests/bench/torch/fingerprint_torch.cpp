// A line for each kind of training: its name, and hashes of all rows of metrics and of the last snapshot.
//   fingerprint_torch tests/data > before; (change, build); fingerprint_torch tests/data | diff before -
// Equal lines: the numbers of training are the same to the last bit, through snapshots and for children too.
// Of one machine and one LibTorch: another processor rounds differently.

#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "trainer/torch/torch_trainer.hpp"
#include "unit/torch/small_data.hpp"

namespace {

using namespace stemma;
using Fixed = std::map<std::string, Literal>;

std::string data_folder = "tests/data";

class Hash {
public:
    void add(const void* data, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; ++i) {
            value_ = (value_ ^ static_cast<const unsigned char*>(data)[i]) * 0x100000001b3ULL;
        }
    }
    void add(const std::string& text) { add(text.data(), text.size()); }
    std::uint64_t value() const { return value_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

void add(Hash& hash, const Snapshot& snapshot) {
    std::vector<const ArrayInfo*> arrays;
    for (const auto& array : snapshot.arrays()) arrays.push_back(&array);
    std::ranges::sort(arrays, {}, &ArrayInfo::name);
    for (const auto* array : arrays) {
        const auto content = snapshot.content(*array);
        hash.add(array->name);
        hash.add(content.data(), content.size());
    }
}

Parameter moving(const std::string& name, double low, double high) {
    return {name, Real{low, high, Scale::linear, {}}, Role::hypergradient, {}, {}, {}};
}

/// Trained to `cut`, on to `end`, and a child of the first part with another learning rate.
void print(const std::string& name, const TorchSettings& settings, Resource cut, Resource end) {
    const bool adam = settings.fixed.contains("optimizer") && settings.fixed.at("optimizer") != Literal{"sgd"};
    std::vector<Parameter> parameters{moving("lr", 1e-6, 0.5), moving("weight_decay", 1e-7, 0.1),
                                      adam ? moving("beta1", 0, 0.99) : moving("momentum", 0, 0.99)};
    if (!settings.hypergradient) {
        for (auto& parameter : parameters) parameter.role = Role::mutable_value;
    }
    const auto space = std::make_shared<const SearchSpace>(parameters);
    const auto trainer = make_torch_trainer(settings, space);
    Hash rows;
    Hash snapshots;
    const auto train = [&](double lr, Resource from, Resource to, const Snapshot* start, bool adopted) {
        const auto configuration = space->from_literals(std::vector<std::pair<std::string, Literal>>{
            {"lr", lr}, {"weight_decay", 1e-4}, {adam ? "beta1" : "momentum", 0.8}});
        auto result = trainer->train({.member = {4},
                                      .configuration = {*space, configuration},
                                      .seed = 3,
                                      .from = from,
                                      .to = to,
                                      .start = start,
                                      .adopted = adopted});
        if (const auto* failure = std::get_if<TrainFailure>(&result)) {
            rows.add(failure->message);
            return Snapshot();
        }
        auto& trained = std::get<Trained>(result);
        for (const auto& row : trained.rows) {
            rows.add(&row.resource, sizeof row.resource);
            for (const auto value : row.values) {
                const double told = value == value ? value : -1.0;  // NaNs have several patterns
                rows.add(&told, sizeof told);
            }
        }
        rows.add(trained.note);
        add(snapshots, trained.snapshot);
        return std::move(trained.snapshot);
    };
    const auto half = train(0.01, 0, cut, nullptr, false);
    if (!half.arrays().empty()) {
        train(0.01, cut, end, &half, false);
        train(0.02, cut, end, &half, true);
    }
    fmt::print("{:45} {:016x} {:016x}\n", name, rows.value(), snapshots.value());
}

TorchSettings table(const std::string& unit, const Fixed& fixed) {
    TorchSettings settings;
    settings.data = "csv";
    settings.path = data_folder + "/uci_energy/energy.csv";
    settings.valid = 0.2;
    settings.unit = unit;
    settings.run_seed = 5;
    settings.fixed = {{"layers", std::int64_t{2}}, {"width", std::int64_t{16}}, {"batch_size", std::int64_t{64}}};
    for (const auto& [key, value] : fixed) settings.fixed.insert_or_assign(key, value);
    return settings;
}

std::vector<std::pair<std::string, Fixed>> optimizers() {
    return {{"sgd", {{"nesterov", true}}},
            {"sgd_clip", {{"gradient_clip", 0.1}}},
            {"adam", {{"optimizer", "adam"}}},
            {"amsgrad", {{"optimizer", "adam"}, {"amsgrad", true}}},
            {"adamw", {{"optimizer", "adamw"}}}};
}

void tables(const std::string& unit, Resource cut, Resource end) {
    const Fixed noisy{{"dropout", 0.2}, {"batch_norm", true}};
    for (auto [name, fixed] : optimizers()) {
        for (const auto& schedule : {"constant", "cosine", "step"}) {
            fixed.insert_or_assign("lr_schedule", schedule);
            fixed.insert_or_assign("horizon", static_cast<double>(end));
            fixed.insert_or_assign("warmup", 2.0);
            fixed.insert_or_assign("step_size", 3.0);
            fixed.insert(noisy.begin(), noisy.end());
            print("mlp " + unit + " " + name + " " + schedule, table(unit, fixed), cut, end);
        }
    }
    for (const auto& activation : {"relu", "tanh", "gelu", "silu"})
        print("mlp " + unit + " " + activation, table(unit, {{"activation", activation}}), cut, end);
    auto odd = table(unit, {{"batch_norm", true}});  // 65 rows: the last one alone is too few
    odd.train_rows = 65;
    print("mlp " + unit + " one row left", odd, cut, end);
    auto afresh = table(unit, {{"optimizer", "adam"}});
    afresh.inherit_optimizer = false;
    print("mlp " + unit + " new moments", afresh, cut, end);
    auto script = table(unit, {{"module", data_folder + "/torchscript/net24.pt"}});
    script.model = "torchscript";
    print("torchscript " + unit, script, cut, end);
    for (const auto& variant : hypergradient_variants()) {
        for (const auto& rule : {"sgd", "adam", "adamw"}) {
            for (const bool noise : {false, true}) {
                auto settings = table(unit, {{"optimizer", rule}});
                if (noise) settings.fixed.insert(noisy.begin(), noisy.end());
                settings.hypergradient = HypergradientSettings{.variant = variant, .reset = variant == "unrolled"};
                print("mlp " + unit + " " + variant + " " + rule + (noise ? " noisy" : ""), settings, cut, end);
            }
        }
    }
    auto clipped = table(unit, {{"gradient_clip", 0.5}});
    clipped.hypergradient = HypergradientSettings{.interval = 4, .clip_norm = 0.01, .damping = 0.5, .bounds = true};
    print("mlp " + unit + " moving, clipped", clipped, cut, end);
}

void large(const std::string& name, TorchSettings settings, const std::string& unit, Resource cut, Resource end) {
    settings.unit = unit;
    settings.run_seed = 5;
    print(name + " " + unit, settings, cut, end);
    for (const auto* variant : {"wd_lr_m", "diff_through_opt", "baydin"}) {
        settings.hypergradient = HypergradientSettings{.variant = variant, .interval = 3, .window = 2};
        print(name + " " + unit + " " + variant, settings, cut, end);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1) data_folder = argv[1];
    tables("epoch", 2, 4);
    tables("step", 13, 31);
    TorchSettings lenet;
    lenet.model = "lenet";
    lenet.valid = 100;
    lenet.test = 60;
    lenet.train_rows = 150;
    lenet.fixed = {{"batch_size", std::int64_t{40}}, {"dropout", 0.1}};
    TorchSettings resnet;
    resnet.data = "cifar10";
    resnet.path = test::cifar_folder();
    resnet.model = "resnet18";
    resnet.train_rows = 49;
    resnet.fixed = {{"batch_size", std::int64_t{16}}, {"width", std::int64_t{4}}};
    TorchSettings lstm;
    lstm.data = "text";
    lstm.path = test::text_file();
    lstm.model = "lstm";
    lstm.fixed = {
        {"batch_size", std::int64_t{5}}, {"sequence", std::int64_t{12}}, {"width", std::int64_t{8}}, {"dropout", 0.2}};
    for (const auto& [unit, cut, end] : {std::tuple{"epoch", 1, 2}, {"step", 4, 9}}) {
        if (std::filesystem::exists("/usr/share/datasets/fashion-mnist")) {
            large("lenet", lenet, unit, cut, end);
            lenet.fused = false;
            large("lenet composed", lenet, unit, cut, end);
            lenet.fused = true;
        }
        large("resnet18", resnet, unit, cut, end);
        large("lstm", lstm, unit, cut, end);
    }
}
