"""The training side: data sets, splits by patient, recipes, figures, bundles. Stands on models, never on monitor."""
