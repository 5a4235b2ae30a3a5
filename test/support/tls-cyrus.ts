import { join } from 'node:path'
import { preloadedCyrus } from '../../bench/cyrus-tree.js'

/**
 * Once somebody has said STARTTLS, mupdate 3.6.1 frees its DH parameters whenever a connection closes (imap/tls.c,
 * tls_shutdown_serverengine), and dies of the second one. Here it frees none, so that more than one test can be made of it.
 */
export function cyrusThatSurvivesTls(folder: string): string {
  return preloadedCyrus(join(folder, 'cyrus'), 'void DH_free(void *parameters) { (void)parameters; }\n')
}
