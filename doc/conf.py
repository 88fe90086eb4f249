"""Sphinx configuration: `make docs` builds the pages into doc/_build/html."""

import matplotlib
from docutils import nodes
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # examples refer to it
from sphinx_gallery.sorting import ExplicitOrder
from threadpoolctl import threadpool_limits

from sklearn_helmholtz import __version__

matplotlib.use("agg")
# Products in the examples are small: threads of BLAS that wait for each other make them no
# faster, and many times slower on a machine that has other work.
threadpool_limits(1, user_api="blas")

project = "sklearn_helmholtz"
copyright = "The sklearn_helmholtz developers"
author = "The sklearn_helmholtz developers"
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",  # formulas need no network
    "myst_parser",  # for the changelog
    "sphinx_copybutton",
    "sphinx_design",
    "numpydoc",
    "matplotlib.sphinxext.plot_directive",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["templates"]
exclude_patterns = ["_build", "templates"]
default_role = "literal"

autosummary_generate = True
toc_object_entries_show_parents = "hide"
autodoc_default_options = {"members": True, "inherited-members": True}
numpydoc_show_class_members = False

plot_include_source = False
plot_html_show_source_link = False
plot_html_show_formats = False
plot_formats = [("png", 110)]

EXAMPLES = ("tables", "densities", "features", "factors", "boltzmann", "teaching")
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "subsection_order": ExplicitOrder([f"../examples/{group}" for group in EXAMPLES]),
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "generated/backreferences",
    "doc_module": ("sklearn_helmholtz",),
    "reference_url": {"sklearn_helmholtz": None},
    "download_all_examples": False,
    "capture_repr": (),
    "thumbnail_size": (800, 360),
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 0,
}

html_theme = "pydata_sphinx_theme"
html_title = f"sklearn_helmholtz {release}"
html_static_path = ["_static"]
html_css_files = ["site.css", "gallery.css"]
html_logo = html_favicon = "_static/logo.svg"
html_show_sourcelink = False
html_copy_source = False
# Pages that have no pages below them need no tree of pages beside them.
LEAVES = (
    "index", "install", "getting_started", "which_estimator", "how_long", "trust", "glossary",
    "faq", "threads", "extending", "api", "beyond_one_machine",
)  # fmt: skip
html_sidebars = {page: [] for page in LEAVES}
html_theme_options = {
    "logo": {"text": "sklearn_helmholtz", "alt_text": "sklearn_helmholtz"},
    "show_prev_next": True,
    "header_links_before_dropdown": 6,
    "pygments_light_style": "friendly",
    "navbar_align": "left",
    "navbar_persistent": ["search-button"],
    "navbar_end": ["theme-switcher", "release"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}

SCIKIT_LEARN = "https://scikit-learn.org/stable"


def skip_foreign(app, what, name, obj, skip, options):
    """Leave out members that scikit-learn defines: it documents them itself."""
    target = getattr(obj, "__func__", obj)
    module = getattr(target, "__module__", None)
    return skip or (callable(target) and not str(module).startswith("sklearn_helmholtz"))


def link_to_scikit_learn(app, env, node, contnode):
    """Resolve references to scikit-learn by the layout of its site: no network is needed."""
    target = node["reftarget"]
    if node.get("refdomain") == "std" and node["reftype"] == "term":
        uri = f"{SCIKIT_LEARN}/glossary.html#term-{target}"
    elif node.get("refdomain") == "py" and target.startswith("sklearn."):
        uri = f"{SCIKIT_LEARN}/modules/generated/{target}.html"
    else:
        return None
    return nodes.reference("", "", contnode, refuri=uri, internal=False)


def setup(app):
    """Connect the functions above."""
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("missing-reference", link_to_scikit_learn)
