"""Correlations of 24 psychological tests of 145 pupils, seventh and eighth grade, near Chicago.

Holzinger & Swineford (1939), A study in factor analysis: the stability of a bi-factor solution,
Supplementary Educational Monographs 48, University of Chicago; as they are in table 7.4 of Harman
(1976), Modern factor analysis, third edition, and from there in R's ``datasets::Harman74.cor``,
https://github.com/wch/r-source/blob/trunk/src/library/datasets/data/Harman74.cor.R. Means, medians
and first quartiles of columns are those of the matrix in another package of R,
``seriation::Psych24``.
"""

import numpy as np

N_PUPILS = 145
NAMES = [
    "VisualPerception", "Cubes", "PaperFormBoard", "Flags", "GeneralInformation",
    "ParagraphComprehension", "SentenceCompletion", "WordClassification", "WordMeaning", "Addition",
    "Code", "CountingDots", "StraightCurvedCapitals", "WordRecognition", "NumberRecognition",
    "FigureRecognition", "ObjectNumber", "NumberFigure", "FigureWord", "Deduction",
    "NumericalPuzzles", "ProblemReasoning", "SeriesCompletion", "ArithmeticProblems",
]  # fmt: skip
BELOW_DIAGONAL = """
318
403 317
468 230 305
321 285 247 227
335 234 268 327 622
304 157 223 335 656 722
332 157 382 391 578 527 619
326 195 184 325 723 714 685 532
116 57 -75 99 311 203 246 285 170
308 150 91 110 344 353 232 300 280 484
314 145 140 160 215 95 181 271 113 585 428
489 239 321 327 344 309 345 395 280 408 535 512
125 103 177 66 280 292 236 252 260 172 350 131 195
238 131 65 127 229 251 172 175 248 154 240 173 139 370
414 272 263 322 187 291 180 296 242 124 314 119 281 412 325
176 5 177 187 208 273 228 255 274 289 362 278 194 341 345 324
368 255 211 251 263 167 159 250 208 317 350 349 323 201 334 344 448
270 112 312 137 190 251 226 274 274 190 290 110 263 206 192 258 324 358
365 292 297 339 398 435 451 427 446 173 202 246 241 302 272 388 262 301 167
369 306 165 349 318 263 314 362 266 405 399 355 425 183 232 348 173 357 331 413
413 232 250 380 441 386 396 357 483 160 304 193 279 243 246 283 273 317 342 463 374
474 348 383 335 435 431 405 501 504 262 251 350 382 242 256 360 287 272 303 509 451 503
282 211 203 248 420 433 437 388 424 531 412 414 358 304 165 262 326 405 374 366 448 375 434
"""  # thousandths, of the second test with the first, the third with the first and second, ...


def correlations():
    """The matrix, (24, 24)."""
    result = np.eye(len(NAMES))
    below = np.tril_indices(len(NAMES), -1)
    result[below] = np.array(BELOW_DIAGONAL.split(), float) / 1000
    result.T[below] = result[below]
    return result
