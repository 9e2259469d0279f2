//! Charts: inline SVG that is stretched to its place, with words for whoever can't see it.

use maud::{Markup, PreEscaped, html};

use super::tone::tone;
use crate::text::number;
use crate::view::{Bar, Bars, Grid};

/// The chart's own measures; its place gives it others.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 100.0;

/// Numbers side by side.
pub(super) fn bars(chart: &Bars) -> Markup {
    let most = chart.bars.iter().map(sum).max().unwrap_or_default().max(1);
    let step = WIDTH / chart.bars.len().max(1) as f64;
    let labels = chart.bars.iter().step_by(chart.labelled.max(1));
    html! {
        figure.bars {
            p.most aria-hidden="true" { (number(most)) }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(chart.told) {
                @for (at, bar) in chart.bars.iter().enumerate() { (drawn(chart, bar, (at as f64 * step, step), most)) }
            }
            div.axis aria-hidden="true" { @for bar in labels { span { (bar.label) } } }
            @if chart.parts.len() > 1 {
                ul.legend { @for part in &chart.parts { li { i class=(tone(part.tone)) {} (part.name) } } }
            }
            details { summary { "as numbers" }
                ul { @for bar in chart.bars.iter().filter(|bar| sum(bar) > 0) { li { (bar.told) } } }
            }
        }
    }
}

fn sum(bar: &Bar) -> u64 {
    bar.values.iter().fold(0, |sum, value| sum.saturating_add(*value))
}

fn drawn(chart: &Bars, bar: &Bar, (x, step): (f64, f64), most: u64) -> Markup {
    let mut top = HEIGHT;
    let mut rects = String::new();
    for (part, value) in chart.parts.iter().zip(&bar.values).filter(|(_, value)| **value > 0) {
        // What is there is seen, however little it is.
        let height = (*value as f64 / most as f64 * HEIGHT).max(2.0).min(top);
        top -= height;
        let (x, width) = (x + step * 0.15, step * 0.7);
        rects += &format!(
            "<rect class=\"{}\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
            tone(part.tone)
        );
    }
    html! { g { title { (bar.told) } rect.all x=(format!("{x:.1}")) y="0" width=(format!("{step:.1}")) height=(HEIGHT) {}
    (PreEscaped(rects)) } }
}

/// Parts of a whole by two things: a table, whose shades say the same as its numbers.
pub(super) fn grid(grid: &Grid) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(grid.caption) {
            table.grid {
                caption { (super::text::shown(&grid.caption)) }
                thead { tr { th scope="col" { (grid.corner) }
                    @for column in &grid.columns { th scope="col" { (column) } } } }
                tbody { @for (name, parts) in &grid.rows {
                    tr { th scope="row" { (name) }
                        @for part in parts { td class=(shade(*part)) { (percent(*part)) } } }
                } }
            }
        }
    }
}

fn shade(part: Option<f64>) -> &'static str {
    match part {
        None => "unknown",
        Some(part) if part < 0.01 => "s0",
        Some(part) if part < 0.34 => "s1",
        Some(part) if part < 0.67 => "s2",
        Some(_) => "s3",
    }
}

fn percent(part: Option<f64>) -> String {
    part.map_or_else(|| "–".to_owned(), |part| format!("{:.0}", part * 100.0))
}
