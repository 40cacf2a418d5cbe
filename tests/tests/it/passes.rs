//! Ways to compute a training pass: recomputation, dropout, precision, adapters, stored weights.

use burn::tensor::{Device, Tensor};
use srlm_checkpoint::Checkpoint;
use srlm_model::{
    Conversation, Dropout, LoraConfig, Model, PackedSequences, Precision, TrainingPass,
};

use crate::models::{sequence, tiny};
use crate::reference::close;

/// Loss and global gradient norm of a pass over sequences that share a beginning.
fn pass(model: &Model, pass: &TrainingPass) -> (f64, f64) {
    let tokens =
        |seed, len| sequence(seed, len).into_iter().map(|id| id % 60).collect::<Vec<u32>>();
    let shared = tokens(1, 12);
    let sequences: Vec<Vec<u32>> =
        (0..3).map(|i| [shared.clone(), tokens(10 + i, 9)].concat()).collect();
    let views: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let packed = PackedSequences::new(&views);
    let scored = packed.scored(&views, &[12; 3]);
    let (mut value, mut parts) = (0.0, Vec::new());
    let loss = |logps: Tensor<1>| {
        let loss = -logps.mean();
        value = f64::from(loss.clone().into_scalar::<f32>());
        loss
    };
    model.backward((&packed, &scored), pass, loss, &mut |gradients| parts.push(gradients));
    (value, srlm_train::gradient_norm(model, parts))
}

fn adapted(config: &LoraConfig) -> Model {
    let device = Device::flex();
    device.seed(3);
    tiny(&device.autodiff()).with_lora(config)
}

#[test]
fn layers_computed_again_have_the_same_gradients() {
    let dropout = Dropout { block: 0.2, adapter: 0.3, seed: 9 };
    let lora = LoraConfig { rank: 4, ..LoraConfig::default() };
    for model in [
        tiny(&Device::flex().autodiff()),
        adapted(&lora),
        adapted(&LoraConfig { dora: true, ..lora }),
    ] {
        let keep = TrainingPass { dropout, ..TrainingPass::default() };
        let (loss, norm) = pass(&model, &keep);
        let (again, norm_again) = pass(&model, &TrainingPass { recompute_layers: true, ..keep });
        close("loss", again, loss, 1e-6);
        close("gradient norm", norm_again, norm, 1e-5 * norm);
        let (other, _) =
            pass(&model, &TrainingPass { dropout: Dropout { seed: 10, ..dropout }, ..keep });
        assert_ne!(other, loss, "another seed draws other masks");
    }
}

#[test]
fn bfloat16_is_near_and_leaves_gradients_in_32_bits() {
    let model = tiny(&Device::flex().autodiff());
    let (loss, norm) = pass(&model, &TrainingPass::default());
    let half = TrainingPass { precision: Precision::Bf16, ..TrainingPass::default() };
    let (near, near_norm) = pass(&model, &half);
    assert_ne!(near, loss);
    close("loss", near, loss, 0.02 * loss);
    close("gradient norm", near_norm, norm, 0.05 * norm);
    let (again, norm_again) = pass(&model, &TrainingPass { recompute_layers: true, ..half });
    close("loss computed again", again, near, 1e-6);
    close("gradient norm computed again", norm_again, near_norm, 1e-2 * near_norm);
}

/// A folder with a model.
fn stored() -> (tempfile::TempDir, Checkpoint) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("model");
    let tensors = &crate::curves::fixture("training_curves.json")["weights"]["tensors"];
    let model = crate::curves::tiny_llama(tensors, &Device::flex());
    model.save_as(&folder, model.config(), &crate::models::tokenizer_of(64)).unwrap();
    let checkpoint = Checkpoint::open(&folder).unwrap();
    (dir, checkpoint)
}

#[test]
fn weights_as_stored_compute_what_widened_weights_do() {
    let (_dir, checkpoint) = stored();
    for dora in [false, true] {
        let lora = LoraConfig { rank: 4, dora, ..LoraConfig::default() };
        let load = |stored_base| {
            let lora = LoraConfig { stored_base, ..lora.clone() };
            Model::load_trainable(&checkpoint, Some(&lora), &Device::flex(), 5).unwrap()
        };
        let (dense, stored) = (load(false), load(true));
        let (loss, norm) = pass(&dense, &TrainingPass::default());
        let (stored_loss, stored_norm) = pass(&stored, &TrainingPass::default());
        close("loss", stored_loss, loss, 1e-6);
        close("gradient norm", stored_norm, norm, 1e-5 * norm);
        let ids: Vec<u32> = sequence(4, 20).into_iter().map(|id| id % 60).collect();
        let [a, b] =
            [dense, stored].map(|model| model.merge_lora().response_logps(&[&ids], &[1])[0]);
        close("merged", b, a, 1e-4);
    }
}

#[test]
fn every_turn_of_the_assistant_is_found_and_a_template_that_breaks_the_rule_is_refused() {
    use srlm_artifact::{Message, Prompt};
    let tokenizer = crate::models::tokenizer();
    let prompt = Prompt::conversation(vec![
        Message::user("a b"),
        Message::assistant("c"),
        Message::user("b"),
    ]);
    let conversation = Conversation::new(&tokenizer, &prompt, "d").unwrap();
    let turns = conversation.assistant_turns(&tokenizer, &prompt).unwrap();
    let text = |span: &std::ops::Range<usize>| {
        tokenizer.decode(&conversation.ids[span.clone()], true).unwrap()
    };
    assert_eq!(turns.iter().map(text).collect::<Vec<_>>(), ["c", "d"]);
    assert_eq!(turns[1].start, conversation.response_start);
    // This one hides every turn of the assistant but the last.
    let hiding = crate::models::tokenizer_with(
        97,
        "{% for m in messages %}{% if m.role == 'user' or loop.last %}{{ m.content + ' ' }}{% else %}{{ '- ' }}{% endif %}{% endfor %}",
    );
    let conversation = Conversation::new(&hiding, &prompt, "d").unwrap();
    let error = conversation.assistant_turns(&hiding, &prompt).unwrap_err();
    assert!(error.to_string().contains("does not begin with its prompt"), "{error}");
}
