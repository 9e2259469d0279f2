//! Imports that fail, hang, or whose pass is killed.

use super::*;

#[test]
fn a_failed_import_goes_on_by_the_api_and_after_three_it_is_not_tried_again() {
    let shop = shop("");
    // A slow API, so that an import would pay and the pass can be cut off in its middle.
    shop.config("[nicechat]\nstrategy = \"auto\"\nconcurrency = 1\nrequests_per_second = 20\n");
    let nicechat = shop.nicechat();
    let publish = |price: &str| {
        let ids: Vec<String> = (0..300).map(|n| format!("p{n:03}")).collect();
        let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), price)).collect();
        shop.put_feed(yml(&products));
    };
    nicechat.set_rules(Rules { import_fails: Some(ImportFails::always(ImportFailure::Before)), ..nicechat.rules() });
    publish("1.00");
    for round in 1..=3 {
        let mut pass = Process::start(shop.command(&["run", "--once"]));
        wait_until("the import has failed and the API is used", || {
            nicechat.imports().len() == round
                && nicechat.requests().iter().any(|request| request.applied && request.kind.is_some())
        });
        assert_eq!(pass.log().matches("changes go by the API until a resync").count(), usize::from(round == 3));
        pass.signal("TERM");
        pass.ends_within(Duration::from_secs(10));
        nicechat.take_requests();
    }
    let plan = shop.json(&["plan", "--format", "json"]);
    assert_eq!(plan["strategy"], "api");
    assert!(
        plan["why"]["reason"].as_str().expect("a text").contains("3 imports failed in a row; a resync tries again")
    );
    assert_eq!(shop.json(&["plan", "--resync", "--format", "json"])["strategy"], "import");
    let imports = status(&shop)["imports"].as_array().expect("imports").clone();
    assert_eq!(imports.len(), 3);
    assert!(imports.iter().all(|import| import["state"] == "failed" && import["reason"].is_string()), "{imports:?}");
}

#[test]
fn with_strategy_import_a_failure_ends_the_pass_and_the_next_one_tries_again() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { import_fails: Some(ImportFails::next(1, ImportFailure::Halfway)), ..nicechat.rules() });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    let pass = pass.ended(1);
    assert!(pass.output.stderr.contains("the import failed: NiceChat says that it failed; the next pass tries again"));
    assert_eq!(
        counts,
        ["1 GET categories", "1 GET import-products-result", "1 GET products", "1 POST import-products"]
    );
    assert_eq!(status(&shop)["last_pass"]["outcome"], "failed");
    let (pass, _) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(nicechat.imports().len(), 2);
    assert_eq!(prices(&shop), ["a 1.00"]);
}

#[test]
fn a_token_that_is_forgotten_or_an_import_that_never_ends_is_a_failure() {
    for (failure, reason) in [
        (ImportFailure::Forgotten { imported: true }, "NiceChat has forgotten it (404)"),
        (ImportFailure::StuckStarted, "it is still started after 1s (nicechat.import_timeout)"),
        (ImportFailure::StuckEnqueued, "it is still enqueued after 1s (nicechat.import_timeout)"),
    ] {
        let shop = shop("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\n");
        shop.put_feed(yml(&[("a", "1.00")]));
        let nicechat = shop.nicechat();
        nicechat.set_rules(Rules { import_fails: Some(ImportFails::always(failure)), ..nicechat.rules() });
        let told = sync(&shop).ended(1).output.stderr;
        assert!(told.contains(reason), "{told}");
        assert_eq!(status(&shop)["imports"][0]["reason"], reason);
        // It may have come to something after all: the next pass looks.
        shop.config("[nicechat]\nstrategy = \"api\"\n");
        let (pass, counts) = counted(&shop, &["run", "--once"]);
        pass.ended(0);
        assert!(counts.contains(&"1 GET products".to_owned()), "{counts:?}");
        assert_eq!(prices(&shop), ["a 1.00"]);
    }
}

#[test]
fn a_push_whose_answer_is_lost_is_not_repeated() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let nicechat = shop.nicechat();
    let push = || Some("import-products/".to_owned());
    nicechat.add_fault(Rule { path: push(), applied: true, times: Some(1), ..Rule::new(Fault::Reset) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(1);
    assert!(counts.contains(&"1 POST import-products".to_owned()), "{counts:?}");
    // The import was made all the same: the next pass finds that out from the listing.
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(counts, ["1 GET categories", "1 GET products"]);
    // One that is answered with "try again" is.
    shop.put_feed(yml(&[("a", "2.00")]));
    nicechat.add_fault(Rule { path: push(), times: Some(1), ..Rule::new(Fault::status(503)) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert!(counts.contains(&"2 POST import-products".to_owned()), "{counts:?}");
    assert_eq!(nicechat.imports().len(), 2);
}

#[test]
fn polls_that_fail_are_only_asked_again() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00")]));
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(2), ..Rule::new(Fault::Html200) });
    sync(&shop).ended(0);
    assert_eq!(shop.nicechat().imports().len(), 1);
}

#[test]
fn nicechat_without_imports_costs_one_request() {
    let shop = shop("");
    let ids: Vec<String> = (0..300).map(|n| format!("p{n:03}")).collect();
    let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&products));
    shop.config(AUTO);
    let path = Some("import-products/".to_owned());
    shop.nicechat().add_fault(Rule { path, ..Rule::new(Fault::status(404)) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    let pass = pass.ended(0);
    assert!(
        pass.output.stdout.contains("The import failed: NiceChat offers no imports (404)."),
        "{}",
        pass.output.stdout
    );
    assert_eq!(
        counts,
        ["1 GET categories", "1 GET products", "1 POST categories", "1 POST import-products", "300 POST products"]
    );
}

#[test]
fn an_import_that_is_refused_has_created_nothing() {
    let shop = shop("");
    let ids: Vec<String> = (0..300).map(|n| format!("p{n:03}")).collect();
    let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&products));
    shop.config(AUTO);
    let nicechat = shop.nicechat();
    nicechat.put(Kind::Product, goods::object(json!({"id": "p000", "title": "By hand"})));
    let path = Some("import-products/".to_owned());
    nicechat.add_fault(Rule { path, ..Rule::new(Fault::status(404)) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert!(counts.contains(&"1 POST import-products".to_owned()), "{counts:?}");
    let told = shop.json(&["history", "--format", "json"]);
    let lines = told.as_array().expect("a list").iter().filter(|entry| entry["why"] == "first load");
    let lines: Vec<(&Value, &Value)> = lines.map(|entry| (&entry["change"], &entry["fields"]["products"])).collect();
    assert!(lines.contains(&(&json!("adopted"), &json!({"old": 0, "new": 1}))), "{lines:?}");
    assert!(lines.contains(&(&json!("created"), &json!({"old": 1, "new": 300}))), "{lines:?}");
}

#[test]
fn a_service_that_asks_to_be_left_alone_cannot_hold_an_import_beyond_its_time() {
    let shop = shop("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\n");
    shop.put_feed(yml(&[("a", "1.00")]));
    let busy = Fault::Status { code: 429, retry_after: Some("400".to_owned()), html: false };
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, ..Rule::new(busy) });
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    assert!(pass.ended(1).output.stderr.contains("it is still enqueued after 1s"));
    assert!(counts.contains(&"1 GET import-products-result".to_owned()), "{counts:?}");
}

#[test]
fn an_import_that_comes_to_nothing_forgets_nothing_of_the_one_before() {
    let shop = shop("[nicechat]\nstrategy = \"import\"\nretries = 0\n");
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    // What the first one has created, nobody has seen yet.
    let listing =
        Rule { method: Some("GET".to_owned()), path: Some("products/".to_owned()), ..Rule::new(Fault::status(500)) };
    shop.nicechat().add_fault(Rule { after: 1, ..listing });
    sync(&shop).ended(1);
    assert_eq!(prices(&shop), ["a 1.00", "b 2.00"]);
    shop.nicechat().clear_faults();
    // The feed drops one of them, and the next import is refused.
    shop.put_feed(yml(&[("a", "1.00"), ("c", "3.00")]));
    let path = Some("import-products/".to_owned());
    shop.nicechat().add_fault(Rule { path, ..Rule::new(Fault::status(503)) });
    sync(&shop).ended(1);
    shop.nicechat().clear_faults();
    sync(&shop).ended(0);
    assert_eq!(prices(&shop), ["a 1.00", "c 3.00"]);
}

#[test]
fn a_wrong_key_says_nothing_about_imports() {
    let shop = shop(AUTO);
    let ids: Vec<String> = (0..600).map(|n| format!("p{n:03}")).collect();
    let products: Vec<(&str, &str)> = ids.iter().map(|id| (id.as_str(), "1.00")).collect();
    shop.put_feed(yml(&products));
    let path = Some("import-products/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(3), ..Rule::new(Fault::status(401)) });
    for _ in 0..3 {
        assert!(sync(&shop).ended(1).output.stderr.contains("check api_key and api_secret"));
    }
    assert_eq!(shop.json(&["plan", "--format", "json"])["strategy"], "import");
}

#[test]
fn after_a_kill_the_import_is_asked_after_and_never_pushed_twice() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    let nicechat = shop.nicechat();
    let rules = nicechat.rules();
    // Until it is let go on.
    let slow = Duration::from_secs(600);
    nicechat.set_rules(Rules { import_started: slow, ..rules.clone() });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || nicechat.counts().contains_key("GET import-products-result"));
    let token = nicechat.imports()[0].token.clone();
    assert_eq!(status(&shop)["imports"][0]["token"], token.as_str(), "it is in the state before the first poll");
    pass.kill();
    nicechat.take_requests();
    let mut again = Process::start(shop.command(&["run", "--once"]));
    wait_until("it is asked after", || nicechat.counts().contains_key("GET import-products-result"));
    assert!(!nicechat.counts().contains_key("POST import-products"));
    // Ctrl-C leaves it to the next pass as well.
    again.signal("INT");
    assert_eq!(again.ends_within(Duration::from_secs(10)), Some(1));
    assert_eq!(status(&shop)["imports"][0]["state"], "started");
    run(&shop, &["plan"]).ended(0);
    assert_eq!(nicechat.imports().len(), 1);
}

#[test]
fn a_kill_after_the_import_is_done_costs_a_poll_and_the_listing() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    let nicechat = shop.nicechat();
    // The answer to the first poll never comes.
    let path = Some("import-products-result/".to_owned());
    nicechat.add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || nicechat.counts().contains_key("GET import-products-result"));
    pass.kill();
    let (pass, counts) = counted(&shop, &["run", "--once"]);
    pass.ended(0);
    assert_eq!(counts, ["1 GET categories", "1 GET import-products-result", "1 GET products"]);
    assert_eq!(prices(&shop), ["a 1.00", "b 2.00"]);
    assert_eq!(shop.fetches().iter().filter(|fetch| fetch.path.contains(FEED)).count(), 3, "one by NiceChat");
}

#[test]
fn what_an_import_did_before_a_kill_counts_for_the_pass_that_finds_it() {
    let shop = shop(IMPORT);
    shop.put_feed(yml(&[("a", "1.00"), ("b", "2.00")]));
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::Hang) });
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || shop.nicechat().counts().contains_key("GET import-products-result"));
    pass.kill();
    sync(&shop).ended(0);
    assert_eq!(status(&shop)["last_pass"]["created"], 3);
}

#[test]
fn nothing_is_learned_while_an_import_that_was_given_up_may_come_to_something() {
    let shop = shop("[nicechat]\nstrategy = \"api\"\n");
    shop.put_feed(yml(&[("a", "1.00")]));
    sync(&shop).ended(0);
    let nicechat = shop.nicechat();
    nicechat.set_rules(Rules { import_enqueued: Duration::from_secs(600), ..nicechat.rules() });
    shop.config("[nicechat]\nstrategy = \"import\"\nimport_timeout = \"1s\"\n");
    shop.put_feed(yml(&[("a", "2.00")]));
    sync(&shop).ended(1);
    shop.config("[nicechat]\nstrategy = \"api\"\n");
    sync(&shop).ended(0);
    for _ in 0..2 {
        nicechat.edit(Kind::Product, "a", goods::object(json!({"title": "Otherwise"})));
        assert_eq!(goods::resync(&shop).ended(0).lines(), ["PATCH products a"]);
    }
}

#[test]
fn the_picture_of_a_feed_that_an_import_read_is_not_taken_for_that_of_a_newer_one() {
    let shop = shop(IMPORT);
    let publish = |picture: &str| shop.put_feed(yml(&[("a", "1.00")]).replace("a.jpg", picture));
    publish("a.jpg");
    sync(&shop).ended(0);
    // NiceChat imports a second picture, and by the time that we know of it the feed has a third.
    publish("second.jpg");
    let path = Some("import-products-result/".to_owned());
    shop.nicechat().add_fault(Rule { path, times: Some(1), ..Rule::new(Fault::Hang) });
    shop.nicechat().take_requests();
    let pass = Process::start(shop.command(&["run", "--once"]));
    wait_until("the first poll", || shop.nicechat().counts().contains_key("GET import-products-result"));
    pass.kill();
    publish("third.jpg");
    let next = sync(&shop).ended(0);
    assert_eq!(next.body("PATCH", "a"), json!({"image_url": "https://shop.example/third.jpg"}));
    assert_eq!(goods::resync(&shop).ended(0).lines(), [""; 0]);
}

/// NiceChat's copies of the pictures that were there before are nowhere known.
#[test]
fn pictures_that_an_import_may_have_left_are_sent() {
    let api = "[nicechat]\nstrategy = \"api\"\n";
    let every = NonZeroUsize::new(2).expect("two");
    for failure in [ImportFailure::Before, ImportFailure::Partial { every }] {
        let shop = shop(api);
        let feed = yml(&[("a", "1.00"), ("b", "1.00")]);
        shop.put_feed(feed.clone());
        sync(&shop).ended(0);
        let nicechat = shop.nicechat();
        nicechat.set_rules(Rules { import_fails: Some(ImportFails::always(failure)), ..nicechat.rules() });
        shop.config(IMPORT);
        shop.put_feed(feed.replace(".jpg", "-2.jpg"));
        let mut lines = sync(&shop).lines();
        shop.config(api);
        lines.extend(sync(&shop).ended(0).lines());
        assert!(lines.contains(&"PATCH products b".to_owned()), "{failure:?}: {lines:?}");
        assert_eq!(goods::resync(&shop).ended(0).lines(), [""; 0], "{failure:?}");
    }
}

#[test]
fn what_an_import_left_and_nobody_changed_does_not_count_as_updated() {
    let shop = shop("[nicechat]\nstrategy = \"import\"\nretries = 0\n");
    shop.put_feed(yml(&[("a", "1.00"), ("b", "1.00")]));
    sync(&shop).ended(0);
    let nicechat = shop.nicechat();
    let leaves_all = ImportFailure::Partial { every: NonZeroUsize::MIN };
    nicechat.set_rules(Rules { import_fails: Some(ImportFails::next(1, leaves_all)), ..nicechat.rules() });
    nicechat.add_fault(Rule { method: Some("PATCH".to_owned()), ..Rule::new(Fault::status(500)) });
    shop.put_feed(yml(&[("a", "2.00"), ("b", "2.00")]));
    sync(&shop).ended(1);
    assert_eq!(status(&shop)["last_pass"]["updated"], 0);
    nicechat.clear_faults();
    sync(&shop).ended(0);
    assert_eq!(status(&shop)["last_pass"]["updated"], 2);
}
