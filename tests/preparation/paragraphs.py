"""Paragraphs cut into sentences by hand, 20 in each of four languages.

" | " stands for a space between two sentences. They were written before the code that cuts them.
"""

from __future__ import annotations

ENGLISH = """
Good morning. | I would like to book a table for two people. | We will arrive at eight. | Is there a terrace?
Mr. Smith met Dr. Brown at the station. | Mrs. Jones, Ms. Lee and Prof. White were late. | They took a taxi.
It was 5 p.m. when the train left. | We arrived at 9 a.m. on Monday. | The shop closes at 6 p.m. | He left.
Bring fruit, e.g. apples, and something to drink, i.e. water. | Don't bring pets, plants, etc. | Thank you!
The price is $19.99. | The rate rose by 0.5 percent to 3.25%. | Pi is about 3.14159. | That is all.
J. R. R. Tolkien wrote it. | J.K. Rowling did not. | George W. Bush read it. | So did I.
Go to example.com/page. | Then open https://www.example.org/a.b?c=d. | Write to me@example.com. | Thanks.
Open report.final.pdf and main.py. | Save them as notes.txt. | Node.js is not needed. | Version 2.0.1 is out.
"Really?" she asked. | "Yes." | He nodded. | "I am tired," he said. | "Let's go home!"
He said: "I am tired. | I want to go home." | Then he fell asleep.
“Is it true?” asked the man. | “It is.” | “Then we must go.” | Nobody moved.
Well... maybe not. | I don't know… | Ask me again tomorrow. | And then? | Silence...
What?! | No way!! | Are you sure? | Yes, I am.
hello there. | how are you? | i am fine. | thanks for asking!
They talked (for hours!) about it. | (Nobody listened.) | She left [early]. | We stayed.
I live in the U.S. and work in the U.K. | He lives in Washington, D.C. | The U.S. Army is there. | It is big.
See Fig. 3 and Sec. 2 on pp. 12 to 14. | It is No. 5 on the list. | He works for Acme Inc. in St. Louis.
1. Open the box. | 2. Take out the parts. | 3. Read the manual.
The meeting is on Jan. 5 at 10:30. | My birthday is in Dec. and hers in Feb. | Don't be late.
I love you! 😀 | See you soon. ❤️ | Bye!
"""

FRENCH = """
Bonjour. | J'aimerais réserver une table pour deux. | Nous arriverons à huit heures. | Y a-t-il une terrasse ?
M. Dupont est là. | Mme Durand et Mlle Petit aussi. | MM. Martin et Blanc sont absents.
Le Dr Martin a vu le Dr. Blanc. | Mgr. Leroy et Pr. Noir sont venus. | Tout va bien.
« Vraiment ? » demanda-t-elle. | « Oui. » | Il partit. | « Je suis fatigué », dit-il.
Il a dit : « Je suis fatigué. | Je veux rentrer. » | Puis il s'endormit.
C'est vrai ?! | Mais non ! | Tu es sûr ? | Oui, j'en suis sûr.
Le prix est de 19,99 €. | Il a augmenté de 3.5 % en un an. | La population est de 12.000 habitants.
Apportez des fruits, p. ex. des pommes, des poires, etc. | Merci beaucoup !
Voir p. 12 et pp. 14 à 16. | La fig. 3 est dans le vol. 2. | Cf. le chap. 4.
Eh bien... peut-être pas. | Je ne sais pas… | Demande-moi demain. | Et alors ?
Allez sur exemple.fr/page. | Ouvrez ensuite le fichier notes.txt. | Écrivez à moi@exemple.fr. | Merci.
Le train part à 17 h. | Il arrive à 18h30. | Ne soyez pas en retard !
J. K. Rowling l'a écrit. | Victor H. l'a lu. | J.-P. Sartre aussi. | Moi non.
bonjour. | comment ça va ? | ça va bien. | merci !
Ils ont parlé (pendant des heures !) de cela. | (Personne n'écoutait.) | Elle est partie.
"Tu viens ?" demanda Paul. | "Non." | Il haussa les épaules.
1. Ouvrez la boîte. | 2. Sortez les pièces. | 3. Lisez la notice.
Je t'aime ! 😀 | À bientôt. | Bisous !
Il est né en 1952 av. J.-C. selon lui. | C'est absurde. | L'an 2000 est passé.
L'entreprise Durand S.A. est à Paris. | Elle emploie env. 300 personnes. | Son tél. est le 01.23.45.67.89.
"""

GERMAN = """
Guten Morgen. | Ich möchte einen Tisch für zwei bestellen. | Wir kommen um acht. | Gibt es eine Terrasse?
Am 3. Mai kam Herr Dr. Müller. | Frau Prof. Schmidt kam am 14. Juli 2020. | Das war schön.
Bringen Sie Obst mit, z. B. Äpfel. | Auch z.B. Birnen sind gut, d. h. alles. | Vielen Dank!
„Wirklich?“, fragte sie. | „Ja.“ | Er nickte. | „Ich bin müde“, sagte er.
Er sagte: „Ich bin müde. | Ich will nach Hause.“ | Dann schlief er ein.
»Kommst du?«, fragte er. | »Nein.« | Sie ging.
Das kostet 19,99 Euro. | Die Stadt hat 1.200.000 Einwohner. | Es sind ca. 5 km bis dorthin.
Na ja... vielleicht nicht. | Ich weiß es nicht… | Frag mich morgen. | Und dann?
Was?! | Auf keinen Fall!! | Bist du sicher? | Ja, das bin ich.
Geh auf beispiel.de/seite. | Öffne dann notizen.txt. | Schreib an ich@beispiel.de. | Danke.
Ludwig v. Beethoven lebte in Wien. | J. S. Bach nicht. | Beide schrieben Musik.
Siehe S. 12 und Abb. 3. | Das steht in Bd. 2, Kap. 4. | Vgl. auch Nr. 7.
Der Laden hat Mo. bis Fr. geöffnet. | Er ist in der Hauptstr. 5. | Komm um 17.30 Uhr.
hallo. | wie geht es dir? | mir geht es gut. | danke!
Sie redeten (stundenlang!) darüber. | (Niemand hörte zu.) | Sie ging.
Es gibt Äpfel, Birnen usw. | Wir nehmen alles. | Die Firma Müller u. Co. liefert.
1. Öffnen Sie die Schachtel. | 2. Nehmen Sie die Teile heraus. | 3. Lesen Sie die Anleitung.
Ich liebe dich! 😀 | Bis bald. | Tschüss!
Ludwig XIV. war König. | Das 19. Jahrhundert begann. | Er wurde 1952 geboren. | Er lebt noch.
Die St. Pauli Kirche ist alt. | Sie wurde i. d. R. besucht. | Heute ist sie u. a. Museum.
"""

SPANISH = """
Buenos días. | Quisiera reservar una mesa para dos. | Llegaremos a las ocho. | ¿Hay terraza?
El Sr. García llegó. | La Sra. López y la Srta. Ruiz también. | El Dr. Pérez no vino.
¿Cómo está Ud.? | ¡Muy bien! | ¿Y Uds. qué tal? | Gracias.
Son las 5 p. m. en Madrid. | Abrimos a las 9 a.m. todos los días. | No llegue tarde.
«¿De verdad?» preguntó ella. | «Sí.» | Él se fue. | «Estoy cansado», dijo.
Dijo: «Estoy cansado. | Quiero irme a casa». | Luego se durmió.
"¿Vienes?" preguntó Pablo. | "No." | Se encogió de hombros.
EE. UU. es grande. | Vive en EE.UU. desde 2010. | Le gusta mucho.
El precio es 19,99 euros. | Subió un 3.5 % este año. | La ciudad tiene 1.200.000 habitantes.
Pues... quizá no. | No lo sé… | Pregúntame mañana. | ¿Y luego?
¡¿Qué?! | ¡Ni hablar! | ¿Estás seguro? | Sí, lo estoy.
Ve a ejemplo.es/pagina. | Luego abre notas.txt. | Escribe a yo@ejemplo.es. | Gracias.
Véase la pág. 12 y la fig. 3. | Está en el vol. 2, cap. 4. | Es el núm. 7.
Trae fruta, p. ej. manzanas, peras, etc. | ¡Muchas gracias!
J. L. Borges lo escribió. | Gabriel G. Márquez no. | Yo lo leí.
hola. | ¿cómo estás? | estoy bien. | ¡gracias!
Hablaron (¡durante horas!) de eso. | (Nadie escuchaba.) | Ella se fue.
1. Abra la caja. | 2. Saque las piezas. | 3. Lea el manual.
¡Te quiero! 😀 | Hasta pronto. | ¡Adiós!
Vive en la Avda. Diagonal. | La empresa Ruiz S.A. está en la C. Mayor. | Su tel. es 91.123.45.67.
"""

PARAGRAPHS = {"en": ENGLISH, "fr": FRENCH, "de": GERMAN, "es": SPANISH}
