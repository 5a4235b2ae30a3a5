/**
 * Words of real sites' names. Non-ASCII is modified UTF-7 (RFC 3501 section 5.1.3) and a dot inside a component is `^`
 * (Cyrus's internal names). Space, `-` and `'` sort below the hierarchy separator, which is what a slave's merge of two
 * lists stumbles on.
 */

/** Without digits: a user's number follows, and keeps the names apart. */
export const FIRST_NAMES = [
  ...['jean', 'marie-claire', 'anna', 'joe', 'li', 'mohammed', 'ingrid', 'paul', 'sofia', 'jean-luc', 'kim', 'olga'],
  ...['pierre', 'ursula', 'david', 'chloe', 'hans-peter', 'fatima', 'jo', 'maximilian', 'ana', 'wei', 'bob', 'eve'],
]
export const LAST_NAMES = [
  ...['dupont', "o'brien", 'mueller', 'smith', 'garcia-lopez', 'wang', 'rossi', 'novak', "d'angelo", 'saint-exupery'],
  ...['schmidt', 'silva', 'kowalski', 'berg', 'de^vries', 'martin', 'leutheusser-schnarrenberger', 'xu', "n'diaye"],
  ...['jensen', 'ivanov', 'brown', 'van^der^meer', 'popescu', 'tanaka', 'haddad', 'kim', 'moreau'],
]

/** What mail programs make for a new user, in the languages of their users. */
export const STANDARD_FOLDERS: readonly (readonly string[])[] = [
  ['Sent', 'Drafts', 'Trash', 'Junk', 'Archive'],
  ['Sent Messages', 'Drafts', 'Deleted Messages', 'Junk', 'Notes'],
  ['Sent Items', 'Drafts', 'Deleted Items', 'Junk E-mail', 'Outbox'],
  ['Gesendet', 'Entw&APw-rfe', 'Papierkorb', 'Spam', 'Gel&APY-schte Objekte'],
  ['&AMk-l&AOk-ments envoy&AOk-s', 'Brouillons', 'Corbeille', 'Ind&AOk-sirables', "Bo&AO4-te d'envoi"],
  ['Enviados', 'Borradores', 'Papelera', 'Correo no deseado', 'Plantillas'],
  [
    '&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-',
    '&BCcENQRABD0EPgQyBDgEOgQ4-',
    '&BBoEPgRABDcEOAQ9BDA-',
    '&BCEEPwQwBDw-',
    'sent',
  ],
]

const TOPICS = [
  ...[
    'Bornes Wifi',
    'Bat G',
    'Budget',
    'cyrus-devel',
    'Hotel',
    'Familie',
    "Conseil d'admin",
    'Recrutement',
    'ticketing',
  ],
  ...['Mutuelle', 'R&-D', 'Stundenpl&AOQ-ne', 'R&AOk-unions', 'Newsletter'],
]

const TEMPLATES: readonly ((topic: string, year: number) => string)[] = [
  (topic, year) => `${year}-09_INT_${topic}`,
  (topic, year) => `${topic} ${year}`,
  (topic, year) => `${topic}-${year}`,
  (topic, year) => `${year}^${topic}`,
  (topic, year) => `${year}_${topic}_old`,
  (topic, year) => `Projet ${topic} (${year})`,
  (topic, year) => `Vertr&AOQ-ge ${year} ${topic}`,
  (topic, year) => `lists^${topic}^${year}`,
  (topic, year) => `${topic}'${year}`,
  (topic, year) => `&ZeVnLIqe- ${topic} ${year}`,
  (topic, year) => `z-${year}-${topic}`,
  (topic, year) => `Backup ${topic} du ${year}-12-31 (copie)`,
]

/** Prime, so that any step through {@link FOLDER_POOL} meets all of it. */
const POOL_SIZE = 1009

/** Folders that people make themselves, all different, none a standard one. */
export const FOLDER_POOL: readonly string[] = Array.from({ length: POOL_SIZE }, (_, i) => {
  const rest = Math.floor(i / TEMPLATES.length)
  return TEMPLATES[i % TEMPLATES.length]!(TOPICS[rest % TOPICS.length]!, 2018 + Math.floor(rest / TOPICS.length))
})

/** What fills long names; without digits, dots and `&`, so that it can be cut anywhere. */
export const FILLER = 'Compte rendu de la commission des marches et suivi des actions - version relue_corrigee '.repeat(
  12,
)

export const PLAIN_FOLDERS = ['Sent', 'Drafts', 'Trash', 'Junk', 'Archive']
