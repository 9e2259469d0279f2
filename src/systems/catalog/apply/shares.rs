//! Products that others overtake get their share of the requests all the same.

use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};

/// Of so many products one is of the less urgent.
const SHARES: u32 = 10;

type Results<'a, T, E> = BoxStream<'a, Result<T, E>>;
type Both<'a, T, E> = (Results<'a, T, E>, Results<'a, T, E>, u32);

/// Both, each in its order: nine of the urgent, then one of the rest.
pub(super) fn in_shares<'a, T: Send + 'a, E: Send + 'a>(
    urgent: Results<'a, T, E>,
    rest: Results<'a, T, E>,
) -> Results<'a, T, E> {
    stream::try_unfold((urgent, rest, 1), next).boxed()
}

async fn next<T, E>((mut urgent, mut rest, nth): Both<'_, T, E>) -> Result<Option<(T, Both<'_, T, E>)>, E> {
    let (first, second) = if nth.is_multiple_of(SHARES) { (&mut rest, &mut urgent) } else { (&mut urgent, &mut rest) };
    let one = match first.try_next().await? {
        Some(one) => Some(one),
        None => second.try_next().await?,
    };
    Ok(one.map(|one| (one, (urgent, rest, nth + 1))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_tenth_is_of_the_rest_as_long_as_both_last() {
        let of = |numbers: std::ops::Range<u32>| stream::iter(numbers.map(Ok::<u32, ()>)).boxed();
        let all = |urgent, rest| in_shares(of(urgent), of(rest)).try_collect::<Vec<u32>>();
        let order = all(0..20, 100..103).await.expect("no error");
        let wanted: Vec<u32> = (0..9).chain([100]).chain(9..18).chain([101]).chain(18..20).chain([102]).collect();
        assert_eq!(order, wanted);
        assert_eq!(all(0..0, 100..112).await.map(|all| all.len()), Ok(12));
        assert_eq!(all(0..12, 100..100).await, Ok((0..12).collect()));
    }
}
