//! What filters are called, in the languages that we know.

use crate::config::Facet;

/// In one language: category, brand, price, availability, in stock, out of stock, from.
type Words = [&'static str; 7];

const ENGLISH: Words = ["Category", "Brand", "Price", "Availability", "In stock", "Out of stock", "from"];

fn words(language: &str) -> Words {
    match language {
        "de" => ["Kategorie", "Marke", "Preis", "Verfügbarkeit", "Auf Lager", "Nicht auf Lager", "ab"],
        "es" => ["Categoría", "Marca", "Precio", "Disponibilidad", "En stock", "Agotado", "desde"],
        "fr" => ["Catégorie", "Marque", "Prix", "Disponibilité", "En stock", "En rupture de stock", "à partir de"],
        "it" => ["Categoria", "Marca", "Prezzo", "Disponibilità", "Disponibile", "Non disponibile", "da"],
        "pt" => ["Categoria", "Marca", "Preço", "Disponibilidade", "Em stock", "Esgotado", "a partir de"],
        "nl" => ["Categorie", "Merk", "Prijs", "Beschikbaarheid", "Op voorraad", "Niet op voorraad", "vanaf"],
        "sv" => ["Kategori", "Varumärke", "Pris", "Tillgänglighet", "I lager", "Slut i lager", "från"],
        "ru" => ["Категория", "Бренд", "Цена", "Наличие", "В наличии", "Нет в наличии", "от"],
        "uk" => ["Категорія", "Бренд", "Ціна", "Наявність", "В наявності", "Немає в наявності", "від"],
        _ => ENGLISH,
    }
}

/// What a facet is called.
pub(in crate::systems::oct8ne) fn facet(language: &str, facet: Facet) -> &'static str {
    let [category, brand, price, availability, ..] = words(language);
    match facet {
        Facet::Category => category,
        Facet::Brand => brand,
        Facet::Price => price,
        Facet::Availability => availability,
    }
}

/// Whether something can be had.
pub(in crate::systems::oct8ne) fn availability(language: &str, is_in_stock: bool) -> &'static str {
    let [.., inside, outside, _] = words(language);
    if is_in_stock { inside } else { outside }
}

/// A range that is open above.
pub(in crate::systems::oct8ne) fn from(language: &str) -> &'static str {
    words(language)[6]
}
