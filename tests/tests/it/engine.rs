//! The decode engine against whole passes.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use burn::tensor::Device;
use srlm_checkpoint::Checkpoint;
use srlm_generate::{Completion, Error, Generate, Input, Request, Sampling};
use srlm_model::{Engine, EngineConfig, Model, PackedSequences};

use crate::models::{sequence, tiny};
use crate::reference::reference;

fn tiny_llama() -> Checkpoint {
    Checkpoint::open(&reference("tiny_llama_f32.gguf")).unwrap()
}

fn engine(checkpoint: &Checkpoint, config: EngineConfig) -> Engine {
    let model = Model::load(checkpoint, &Device::flex()).unwrap();
    Engine::new(model, checkpoint.tokenizer.clone(), config)
}

fn requests(sampling: &Sampling) -> Vec<Request> {
    let shared =
        "One rule for every answer: be short, be right, be kind, and say when you do not know. ";
    ["Why?", "How so, and when?", "Why?", ""]
        .iter()
        .enumerate()
        .map(|(i, tail)| Request {
            id: format!("r{i}"),
            input: Input::Text(format!("{shared}{tail}")),
            seeds: (0..5).map(|s| 10 * i as u64 + s).collect(),
            sampling: sampling.clone(),
            top_logprobs: 0,
        })
        .collect()
}

fn sorted(engine: &mut Engine, requests: &[Request]) -> Vec<Completion> {
    let mut done = Vec::new();
    engine.generate(requests, &mut |completion| done.push(completion)).unwrap();
    done.sort_by_key(|c| (c.request_index, c.sample_index));
    done
}

#[test]
fn scores_are_the_log_probabilities_of_whole_passes() {
    let checkpoint = tiny_llama();
    let model = Model::load(&checkpoint, &Device::flex()).unwrap();
    let engine = engine(&checkpoint, EngineConfig::default());
    let texts = [
        "One rule for every answer: be short.",
        "One rule for every answer: be kind, and short.",
        "x",
    ];
    let mut sequences: Vec<Vec<u32>> =
        texts.iter().map(|text| checkpoint.tokenizer.encode(text, true).unwrap()).collect();
    // More than one pass holds.
    sequences.extend((0..12).map(|i| sequence(i, 200)));
    let views: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let found = engine.score(&views, 3).unwrap();
    for (sequence, scores) in views.iter().zip(&found) {
        assert_eq!(scores.iter().map(|score| score.id).collect::<Vec<_>>(), sequence[1..]);
        if scores.is_empty() {
            continue;
        }
        let expected = model.response_logps(&[sequence], &[1])[0];
        let sum: f64 = scores.iter().map(|score| score.logp).sum();
        assert!((sum - expected).abs() < 1e-4 * scores.len() as f64, "{sum} {expected}");
        for score in scores {
            assert!(score.top.len() == 3 && score.top.is_sorted_by(|a, b| a.1 >= b.1));
            assert!(score.logp <= score.top[0].1);
            let among_top = score.top.iter().find(|(id, _)| *id == score.id);
            assert!(among_top.is_none_or(|(_, logp)| *logp == score.logp), "{score:?}");
        }
    }
    engine.interrupt().store(true, Ordering::Relaxed);
    assert!(matches!(engine.score(&views, 3), Err(Error::Interrupted)));
}

#[test]
fn cached_decoding_is_the_whole_pass() {
    let checkpoint = tiny_llama();
    let sampling =
        Sampling { max_tokens: 20, temperature: 0.0, ignore_eos: true, ..Sampling::default() };
    let requests = requests(&sampling);
    let model = Model::load(&checkpoint, &Device::flex()).unwrap();
    let mut engine =
        engine(&checkpoint, EngineConfig { max_rows: 7, cache_tokens: 400, prefill_tokens: 16 });
    let mut written = vec![Vec::new(); requests.len()];
    engine.generate_tokens(&requests, &mut |request, tokens| written[request] = tokens).unwrap();
    for (request, tokens) in requests.iter().zip(&written) {
        assert_eq!(tokens.len(), 20);
        let Input::Text(text) = &request.input else { unreachable!() };
        let mut ids = checkpoint.tokenizer.encode(text, true).unwrap();
        for &token in tokens {
            let packed = PackedSequences::new(&[&ids]);
            let hidden = model.hidden(&packed.ids, &Arc::new(packed.layout.clone()));
            let [n, width] = hidden.dims();
            let logits: Vec<f32> =
                model.logits(hidden.slice([n - 1..n, 0..width])).into_data().try_to_vec().unwrap();
            let best = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            assert!(
                best - logits[token as usize] < 1e-4,
                "token {token} is {} below the best",
                best - logits[token as usize]
            );
            ids.push(token);
        }
    }
}

#[test]
fn the_likeliest_tokens_are_told_where_they_are_asked_for() {
    let checkpoint = tiny_llama();
    let sampling = Sampling { max_tokens: 12, temperature: 0.0, ..Sampling::default() };
    let mut requests = requests(&sampling);
    requests.truncate(2);
    requests[1].top_logprobs = 3;
    let done = sorted(&mut engine(&checkpoint, EngineConfig::default()), &requests);
    assert!(done[0].tokens.is_empty());
    let told = done.iter().find(|completion| completion.request_index == 1).unwrap();
    assert_eq!(told.tokens.len(), told.n_tokens as usize);
    assert_eq!(told.tokens.iter().map(|token| token.text.as_str()).collect::<String>(), told.text);
    let Input::Text(prompt) = &requests[1].input else { unreachable!() };
    let model = Model::load(&checkpoint, &Device::flex()).unwrap();
    let first = &told.tokens[0].top;
    assert_eq!(first.len(), 3);
    assert!(first.is_sorted_by(|a, b| a.1 >= b.1));
    let mut ids = checkpoint.tokenizer.encode(prompt, true).unwrap();
    let n_prompt = ids.len();
    let text = |id: &u32| checkpoint.tokenizer.decode(&[*id], false).unwrap();
    let likeliest =
        (0..checkpoint.config.vocab_size as u32).find(|id| text(id) == first[0].0).unwrap();
    ids.push(likeliest);
    let expected = model.response_logps(&[&ids], &[n_prompt])[0];
    assert!((first[0].1 - expected).abs() < 1e-4, "{} is not {expected}", first[0].1);
}

#[test]
fn samples_do_not_depend_on_width_or_budget() {
    let checkpoint = tiny_llama();
    let sampling =
        Sampling { max_tokens: 24, temperature: 1.0, top_p: 0.95, ..Sampling::default() };
    let requests = requests(&sampling);
    let wide = sorted(&mut engine(&checkpoint, EngineConfig::default()), &requests);
    let narrow_config = EngineConfig { max_rows: 3, cache_tokens: 256, prefill_tokens: 8 };
    let narrow = sorted(&mut engine(&checkpoint, narrow_config), &requests);
    assert_eq!(wide.len(), 20);
    assert_eq!(wide, narrow);
    // A second call finds a used cache and writes the same.
    let mut again = engine(&checkpoint, EngineConfig::default());
    sorted(&mut again, &requests[..2]);
    assert_eq!(sorted(&mut again, &requests), wide);
}

#[test]
fn stop_strings_end_the_text_before_them() {
    let checkpoint = tiny_llama();
    let free =
        Sampling { max_tokens: 40, temperature: 0.0, ignore_eos: true, ..Sampling::default() };
    let whole = sorted(&mut engine(&checkpoint, EngineConfig::default()), &requests(&free)[..1]);
    let text = &whole[0].text;
    let stop: String = text.chars().skip(5).take(3).collect();
    let stopped = Sampling { stop: vec![stop.clone()], ..free };
    let cut = sorted(&mut engine(&checkpoint, EngineConfig::default()), &requests(&stopped)[..1]);
    assert_eq!(cut[0].text, text[..text.find(&stop).unwrap()]);
    assert_eq!(cut[0].finish_reason, srlm_artifact::FinishReason::Stop);
}

/// In both calls the second-last prompt leaves the last one too little room in one piece.
#[test]
fn requests_of_unequal_length_are_all_served() {
    let checkpoint = tiny_llama();
    let config = EngineConfig { cache_tokens: 120, ..EngineConfig::default() };
    let request = |(ids, max_tokens): (Vec<u32>, u32)| Request {
        id: "r".to_owned(),
        input: Input::Tokens(ids),
        seeds: vec![7],
        sampling: Sampling { max_tokens, ignore_eos: true, ..Sampling::default() },
        top_logprobs: 0,
    };
    let shared = sequence(2, 10);
    let of = |tail: &[u32]| [&[20], shared.as_slice(), tail].concat();
    let calls = [
        // The first takes 0..54 and leaves the prompt of the second, which is placed already, at
        // 54..64.
        vec![(vec![10, 11, 12, 13], 50), ([&[20], &shared[1..]].concat(), 60)],
        // What the second and third share is computed at 54..65 and stays there.
        vec![(vec![10, 11, 12, 13], 50), (of(&[30]), 5), (of(&[40]), 60)],
    ];
    for call in calls {
        let requests: Vec<Request> = call.into_iter().map(request).collect();
        let together = sorted(&mut engine(&checkpoint, config.clone()), &requests);
        assert_eq!(together.len(), requests.len());
        for (completion, request) in together.iter().zip(&requests) {
            let alone =
                sorted(&mut engine(&checkpoint, config.clone()), std::slice::from_ref(request));
            assert_eq!(
                (&completion.text, completion.n_tokens),
                (&alone[0].text, request.sampling.max_tokens)
            );
        }
    }
}

#[test]
fn a_prompt_that_cannot_fit_is_refused_by_name() {
    let checkpoint = tiny_llama();
    let mut engine =
        engine(&checkpoint, EngineConfig { cache_tokens: 30, ..EngineConfig::default() });
    let error = engine.generate(&requests(&Sampling::default()), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("raise engine.cache_tokens"), "{error}");
}

/// Sequences that share beginnings give what each gives alone: nothing is padded, nothing leaks.
#[test]
fn packed_sequences_give_what_single_ones_give() {
    let model = tiny(&Device::flex());
    let root = sequence(1, 30);
    let sequences: Vec<Vec<u32>> = vec![
        [root.clone(), sequence(2, 15)].concat(),
        [root.clone(), sequence(3, 40)].concat(),
        root.clone(),
        sequence(4, 9),
        [root, sequence(3, 20), sequence(5, 3)].concat(),
    ];
    let views: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let together = model.response_logps(&views, &[5; 5]);
    for (view, together) in views.iter().zip(together) {
        let alone = model.response_logps(&[view], &[5])[0];
        assert!((alone - together).abs() < 1e-3, "{alone} for {together}");
    }
}
