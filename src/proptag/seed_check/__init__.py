"""The quality control of annotated articles: rules, where techniques stand, n-grams that give them away, agreement of annotators."""
