#pragma once
// Each model and each optimizer, on a small part of real data.

#include <filesystem>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "trainer/torch/torch_trainer.hpp"
#include "unit/torch/small_data.hpp"

namespace stemma::torch_cases {

using Fixed = std::map<std::string, Literal>;

inline TorchSettings table() {
    TorchSettings settings;
    settings.data = "csv";
    settings.path = STEMMA_TEST_DATA "/uci_energy/energy.csv";
    settings.train_rows = 150;  // no multiple of the batch size: the last batch of an epoch is a short one
    settings.run_seed = 5;
    return settings;
}

inline TorchSettings images() {
    TorchSettings settings;
    settings.train_rows = 150;
    settings.valid = 60;
    settings.test = 60;
    settings.run_seed = 5;
    return settings;
}

inline TorchSettings resnet() {
    TorchSettings settings;
    settings.data = "cifar10";
    settings.path = test::cifar_folder();
    settings.model = "resnet18";
    settings.train_rows = 49;
    settings.run_seed = 5;
    return settings;
}

inline TorchSettings lstm() {
    TorchSettings settings;
    settings.data = "text";
    settings.path = test::text_file();
    settings.model = "lstm";
    settings.run_seed = 5;
    return settings;
}

struct Case {
    std::string name;
    TorchSettings settings;
    std::shared_ptr<const SearchSpace> space;

    Resource units() const { return settings.unit == "step" ? 7 : 3; }
    std::vector<std::pair<std::string, Literal>> values() const { return {{"lr", 0.01}}; }
};

inline void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }
inline std::string name_of(const testing::TestParamInfo<Case>& info) { return info.param.name; }

inline Case torch_case(const std::string& name, TorchSettings settings, const Fixed& fixed) {
    Parameter lr;
    lr.name = "lr";
    lr.domain = Real{1e-4, 1, Scale::log, {}};
    const auto space = std::make_shared<const SearchSpace>(std::vector{lr});
    settings.fixed = {{"batch_size", std::int64_t{64}}};
    for (const auto& [key, value] : fixed) settings.fixed.insert_or_assign(key, value);
    return {name, std::move(settings), space};
}

inline std::vector<Case> cases() {
    const Fixed sgd = {{"optimizer", "sgd"}, {"momentum", 0.9}, {"nesterov", true}, {"weight_decay", 1e-3}};
    const Fixed plain_sgd = {{"optimizer", "sgd"}};
    const Fixed adam = {
        {"optimizer", "adam"}, {"one_minus_beta1", 0.2}, {"one_minus_beta2", 0.01}, {"weight_decay", 1e-4}};
    const Fixed amsgrad = {{"optimizer", "adam"}, {"amsgrad", true}};
    const Fixed adamw = {{"optimizer", "adamw"}, {"weight_decay", 0.1}, {"beta1", 0.8}};
    const Fixed adamw_amsgrad = {{"optimizer", "adamw"}, {"amsgrad", true}, {"eps", 1e-6}};

    std::vector<Case> all;
    for (const auto& [name, optimizer] : {std::pair{"sgd", sgd},
                                          {"plain_sgd", plain_sgd},
                                          {"adam", adam},
                                          {"amsgrad", amsgrad},
                                          {"adamw", adamw},
                                          {"adamw_amsgrad", adamw_amsgrad}}) {
        auto mlp = optimizer;
        mlp.insert({{"dropout", 0.3}, {"batch_norm", true}, {"layers", std::int64_t{2}}, {"width", std::int64_t{16}}});
        all.push_back(torch_case(std::string("mlp_") + name, table(), mlp));
        auto steps = table();
        steps.unit = "step";
        all.push_back(torch_case(std::string("mlp_by_steps_") + name, steps, mlp));
        if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist")) continue;
        auto lenet = optimizer;
        lenet.insert({{"dropout", 0.3}, {"lr_schedule", "cosine"}, {"horizon", 4.0}, {"warmup", 0.5}});
        auto settings = images();
        settings.model = "lenet";
        all.push_back(torch_case(std::string("lenet_") + name, settings, lenet));
        settings.unit = "step";
        if (name == std::string("amsgrad")) all.push_back(torch_case("lenet_by_steps", settings, lenet));
    }
    const Fixed small = {{"width", std::int64_t{4}}, {"batch_size", std::int64_t{16}}, {"momentum", 0.9}};
    const Fixed recurrent = {{"width", std::int64_t{12}},    {"batch_size", std::int64_t{10}},
                             {"sequence", std::int64_t{30}}, {"dropout", 0.2},
                             {"gradient_clip", 0.25},        {"optimizer", "adam"}};
    for (const auto* unit : {"epoch", "step"}) {
        auto images = resnet(), text = lstm();
        images.unit = text.unit = unit;
        all.push_back(torch_case(std::string("resnet18_by_") + unit, images, small));
        all.push_back(torch_case(std::string("lstm_by_") + unit, text, recurrent));
    }
    auto script = table();
    script.model = "torchscript";
    auto adam_on_script = adam;
    adam_on_script.insert({"module", STEMMA_TEST_DATA "/torchscript/net8.pt"});
    all.push_back(torch_case("torchscript", script, adam_on_script));
    return all;
}

/// Each model with each optimizer once, by the unit that comes first.
inline std::vector<Case> cases_of_one_unit() {
    auto all = cases();
    std::erase_if(all, [](const Case& one) { return one.settings.unit == "step"; });
    return all;
}

}  // namespace stemma::torch_cases
