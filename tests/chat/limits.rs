//! A template is a program of somebody else: it is given up before it takes much time or memory.

use std::time::{Duration, Instant};

use super::{Ending, render};

const NEST: &str = "{% set ns = namespace(x=(1,), y=(1,)) %}{% for i in range(60) %}\
                    {% set ns.x = (ns.x, ns.x) %}{% set ns.y = (ns.y, ns.y) %}{% endfor %}";

fn refused(template: &str) -> String {
    let start = Instant::now();
    let rendered = render(
        template,
        r#"[{"role": "user", "content": "x"}]"#,
        None,
        Ending::Closed,
    );
    let told = rendered.expect_err(template).to_string();
    let shown: String = template.chars().take(60).collect();
    assert!(
        start.elapsed() < Duration::from_secs(30),
        "{shown} took {:?}",
        start.elapsed()
    );
    assert_eq!(told.lines().count(), 1, "{shown}: {told}");
    told
}

#[test]
fn what_goes_on_for_ever_is_given_up() {
    for template in [
        "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
        "{% for i in range(10**9) %}{% endfor %}",
        "{% macro dig(n) %}{{ dig(n + 1) }}{% endmacro %}{{ dig(0) }}",
        "{% for i in range(100000) %}{% if i in range(100000) %}{% endif %}{% endfor %}",
        "{% for a in [messages] recursive %}{{ loop([a]) }}{% endfor %}",
    ] {
        refused(template);
    }
}

#[test]
fn what_grows_for_ever_is_given_up() {
    for template in [
        "{{ 'x' * 10**9 }}",
        "{{ [1] * 10**9 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{% set ns = namespace(x='x') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{% set s = 'x' * 1000000 %}{{ s.replace('x', s) }}",
        "{% set s = 'x' * 1000000 %}{{ range(100000) | join(s) }}",
        "{{ 'x'.center(1000000000) }}",
        "{{ '%1000000000d' % 3 }}",
        "{{ '{:1000000000}'.format(3) }}",
        "{{ '%*d' % (1000000000, 3) }}",
        "{{ 'x\ny' | indent(1000000000) }}",
        "{{ [1] | tojson(indent=1000000000) }}",
    ] {
        refused(template);
    }
}

#[test]
fn a_value_that_holds_another_many_times_is_not_gone_through() {
    for use_ in [
        "{{ ns.x }}",
        "{{ ns.x ~ '' }}",
        "{{ ns.x == ns.y }}",
        "{{ ns.x < ns.y }}",
        "{{ ns.x | tojson }}",
        "{{ {ns.x: 1} }}",
        "{{ ns.x in {1: 2} }}",
        "{{ [ns.x, ns.y] | sort }}",
        "{{ [ns.x, ns.y] | unique | list }}",
    ] {
        refused(&format!("{NEST}{use_}"));
    }
}

#[test]
fn what_is_nested_too_deep_is_refused() {
    let deep = "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] %}{% endfor %}";
    refused(&format!("{deep}{{{{ ns.x }}}}"));
    for (open, close) in [("{{ (", ")"), ("{{ [", "]"), ("{% if 1 %}", "{% endif %}")] {
        let inner = open.trim_start_matches("{{ ");
        let before = &open[..open.len() - inner.len()];
        let after = if before.is_empty() { "" } else { " }}" };
        refused(&[before, &inner.repeat(5000), "1", &close.repeat(5000), after].concat());
    }
    refused(&"x".repeat(1 << 20));
}

#[test]
fn nothing_of_the_machine_is_reached() {
    for template in [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ debug() }}",
    ] {
        refused(template);
    }
}
