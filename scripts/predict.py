"""Tag one text: ``python scripts/predict.py model=runs/seeds input=article.txt format=html output=article.html``."""

from proptag.cli import predict, script
from proptag.config import PredictConfig

if __name__ == "__main__":
    script(predict, PredictConfig, "predict")
