<?php
// What public adapters do for a search: one query for the ids, and then each product loaded whole, with its category.
// Called as `php adapter.php DATABASE ROUNDS` with WORDS a line on standard input; prints the processor's time a request.
[, $database, $rounds] = $argv;
$db = new PDO("sqlite:$database", null, null, [PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION]);
$find = $db->prepare('SELECT id FROM product WHERE title LIKE :words OR description LIKE :words LIMIT 10');
$load = $db->prepare('SELECT * FROM product WHERE id = :id');
$siblings = $db->prepare('SELECT count(*) FROM (SELECT 1 FROM product WHERE id >= :id LIMIT 50)');

function answer(string $words): string
{
    global $find, $load, $siblings;
    $find->execute(['words' => "%$words%"]);
    $results = [];
    foreach ($find->fetchAll(PDO::FETCH_COLUMN) as $id) {
        $load->execute(['id' => $id]);
        $product = $load->fetch(PDO::FETCH_ASSOC);
        $siblings->execute(['id' => $id]);
        $siblings->fetchColumn();
        $results[] = [
            'internalId' => $product['id'],
            'title' => htmlspecialchars($product['title']),
            'formattedPrice' => number_format((float) $product['price'], 2, ',', '.') . ' €',
            'formattedPrevPrice' => number_format((float) $product['price'], 2, ',', '.') . ' €',
            'productUrl' => $product['url'],
            'thumbnail' => $product['image'],
        ];
    }
    return 'cb(' . json_encode(['total' => count($results), 'results' => $results]) . ');';
}

$queries = array_map('trim', file('php://stdin'));
$spent = function (): float {
    $usage = getrusage();
    return $usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec']
        + ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']) / 1e6;
};
array_map('answer', $queries);
if ((int) $rounds === 0) {
    exit;
}
$before = $spent();
for ($round = 0; $round < (int) $rounds; $round++) {
    array_map('answer', $queries);
}
$each = ($spent() - $before) * 1e3 / ($rounds * count($queries));
printf("%-28s processor %8.3f ms\n", 'script: one query, ten loads', $each);
