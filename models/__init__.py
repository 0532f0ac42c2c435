"""What training and the monitor share: settings, pictures, bundles, errors. Stands on nothing of ours."""
